"""An embedding model from a folder: model.onnx and tokenizer.json, as exporters write them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from protostar_worker.results import Problem, Refused, ResultCode

TOKENS_MAX = 512


@cache
def load(folder: str) -> Model:
    """Loaded on first need, and kept."""
    try:
        return Model(Path(folder))
    except Problem:
        raise
    except Exception as error:  # noqa: BLE001 - a broken model file fails in many ways
        raise _missing(folder, f"not loadable ({type(error).__name__})") from None


class Model:
    def __init__(self, folder: Path) -> None:
        for name in ("model.onnx", "tokenizer.json"):
            if not (folder / name).is_file():
                raise _missing(str(folder), f"has no {name}")
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        # Bulk work must not take all cores from the answers that run meanwhile.
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {tensor.name for tensor in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(TOKENS_MAX)
        self._tokenizer.enable_padding()

    def embed(self, texts: list[str]) -> list[list[float]]:
        import numpy as np

        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
        fed = {
            "input_ids": np.array([item.ids for item in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        output = self._session.run(
            None, {name: value for name, value in fed.items() if name in self._inputs}
        )[0]
        return _normal(_pooled(output, mask))


def _pooled(output: Any, mask: Any) -> Any:  # noqa: ANN401 - numpy is loaded on first need only
    """The mean over the tokens that are none of the padding; some models give it themselves."""
    if output.ndim == 2:  # noqa: PLR2004 - texts × dimension
        return output
    weights = mask[:, :, None]
    return (output * weights).sum(axis=1) / weights.sum(axis=1).clip(min=1)


def _normal(vectors: Any) -> list[list[float]]:  # noqa: ANN401 - an array
    import numpy as np

    norms = np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-9)
    found: list[list[float]] = (vectors / norms).astype(float).tolist()
    return found


def _missing(folder: str, why: str) -> Refused:
    return Refused(ResultCode.EMBEDDER_FAILED, f"the model folder {folder} {why}")
