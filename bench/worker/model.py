"""An ONNX model of the shape and size of all-MiniLM-L6-v2, with random weights.

No hub is in reach, so its memory and time are measured, and not what it knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

if TYPE_CHECKING:
    from pathlib import Path

NAME = "of the shape of all-MiniLM-L6-v2"
VOCABULARY, WIDTH, INNER, LAYERS = 30_522, 384, 1_536, 6


def model_folder(folder: Path) -> Path:
    rng = np.random.default_rng(7)
    weights, nodes = [_weight(rng, "table", VOCABULARY, WIDTH)], []
    nodes.append(helper.make_node("Gather", ["table", "input_ids"], ["x0"]))
    for layer in range(LAYERS):
        nodes += _layer(layer)
        shapes = [(WIDTH, WIDTH)] * 4 + [(WIDTH, INNER), (INNER, WIDTH)]
        weights += [_weight(rng, f"w{layer}_{n}", *shape) for n, shape in enumerate(shapes)]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    out = helper.make_tensor_value_info(f"x{LAYERS}", TensorProto.FLOAT, ["batch", "tokens", WIDTH])
    graph = helper.make_graph(nodes, "g", [ids], [out], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    words = {"[UNK]": 0, "[PAD]": 1} | {f"w{n}": n for n in range(2, VOCABULARY)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))  # noqa: S106 - a word of the vocabulary
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _layer(layer: int) -> list[onnx.NodeProto]:
    """Attention with one head, then the two dense layers: the same weights and multiplications."""

    def named(name: str) -> str:
        return f"{name}{layer}"

    def weight(number: int) -> str:
        return f"w{layer}_{number}"

    make = helper.make_node
    return [
        make("MatMul", [named("x"), weight(0)], [named("q")]),
        make("MatMul", [named("x"), weight(1)], [named("k")]),
        make("MatMul", [named("x"), weight(2)], [named("v")]),
        make("Transpose", [named("k")], [named("t")], perm=[0, 2, 1]),
        make("MatMul", [named("q"), named("t")], [named("s")]),
        make("Softmax", [named("s")], [named("a")], axis=-1),
        make("MatMul", [named("a"), named("v")], [named("c")]),
        make("MatMul", [named("c"), weight(3)], [named("o")]),
        make("MatMul", [named("o"), weight(4)], [named("h")]),
        make("Relu", [named("h")], [named("r")]),
        make("MatMul", [named("r"), weight(5)], [f"x{layer + 1}"]),
    ]


def _weight(rng: np.random.Generator, name: str, *shape: int) -> onnx.TensorProto:
    values = rng.normal(0, 0.02, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)
