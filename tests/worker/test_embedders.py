"""Vectors from an endpoint, from a folder, and from the development embedder."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import aiohttp
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from pydantic import ValidationError
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from protostar_worker.rag import development
from protostar_worker.rag.embedders import Embedder, space_name
from protostar_worker.results import Problem, ResultCode
from protostar_worker.settings import Embedder as EmbedderSettings

if TYPE_CHECKING:
    from pathlib import Path

    from protostar_worker.rag.analyst import Analyst
    from tests.worker.desk import Desk
    from tests.worker.scripted import Scripted

pytestmark = pytest.mark.anyio
WORDS = ("[UNK]", "[PAD]", "leave", "days", "salary")


def model_folder(folder: Path, dimension: int = 4) -> Path:
    """A model as exporters write them, small enough to check by hand: a row for each word."""
    table = np.eye(len(WORDS), dimension, dtype=np.float32) + 0.1
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "tokens"])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", "tokens", dimension])
    node = helper.make_node("Gather", ["table", "input_ids"], ["out"])
    graph = helper.make_graph(
        [node], "g", [ids, mask], [out], [numpy_helper.from_array(table, "table")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


async def embed(settings: EmbedderSettings, analyst: Analyst, *texts: str) -> list[list[float]]:
    async with aiohttp.ClientSession() as session:
        return await Embedder(settings, analyst, session).embed(list(texts))


async def code_of(settings: EmbedderSettings, analyst: Analyst) -> ResultCode:
    with pytest.raises(Problem) as problem:
        await embed(settings, analyst, "leave")
    return problem.value.code


async def test_a_model_in_a_folder_gives_the_mean_of_its_tokens(
    analyst: Analyst, tmp_path: Path
) -> None:
    settings = EmbedderSettings(kind="onnx", folder=model_folder(tmp_path / "tiny"))
    short, long = await embed(settings, analyst, "leave", "leave days salary")
    assert math.isclose(math.hypot(*short), 1, abs_tol=1e-6)
    assert short.index(max(short)) == WORDS.index("leave")
    assert len(long) == 4


@pytest.mark.parametrize("broken", ["missing", "half", "rubbish"])
async def test_a_folder_without_a_model_says_so(
    analyst: Analyst, tmp_path: Path, broken: str
) -> None:
    folder = tmp_path / broken
    if broken != "missing":
        (model_folder(folder) / "tokenizer.json").write_text("{", encoding="utf-8")
    if broken == "half":
        (folder / "tokenizer.json").unlink()
    settings = EmbedderSettings(kind="onnx", folder=folder)
    assert await code_of(settings, analyst) is ResultCode.EMBEDDER_FAILED


async def test_an_endpoints_vectors_come_in_the_order_of_the_texts(
    analyst: Analyst, endpoint: Scripted
) -> None:
    found = await embed(asked_at(endpoint), analyst, "a", "bb", "ccc")
    assert [vector[0] for vector in found] == [2.0, 3.0, 4.0]


async def test_an_endpoint_of_another_dimension_is_refused(
    analyst: Analyst, endpoint: Scripted
) -> None:
    endpoint.dimension = 7
    assert await code_of(asked_at(endpoint), analyst) is ResultCode.WRONG_DIMENSION


async def test_an_endpoint_that_is_away_is_the_embedders_failure(analyst: Analyst) -> None:
    gone = EmbedderSettings(kind="endpoint", base_url="http://127.0.0.1:9", model="e", dimension=8)
    assert await code_of(gone, analyst) is ResultCode.EMBEDDER_FAILED


async def test_a_wrong_dimension_refuses_the_document_and_loses_nothing(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    endpoint.dimension = 7
    embedder = json.loads(asked_at(endpoint).model_dump_json())
    async with work(embedder=embedder):
        end = await desk.ingested()
    assert end.reason == "WRONG_DIMENSION: a vector of 7 dimensions, the index has 8"
    assert desk.rows("SELECT code FROM dead_letters") == [{"code": "WRONG_DIMENSION"}]


async def test_personal_questions_are_not_embedded_elsewhere(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    embedder = json.loads(asked_at(endpoint).model_dump_json())
    async with work(embedder=embedder):
        await desk.ingested()
        indexed = len(endpoint.embedded)
        end = await desk.ended("연차")
        assert len(endpoint.embedded) == indexed
        assert end.value is not None
        assert end.value["citations"]
        await desk.ended("연차", fields={"personal": False})
        assert len(endpoint.embedded) == indexed + 1


def asked_at(endpoint: Scripted) -> EmbedderSettings:
    return EmbedderSettings(
        kind="endpoint", base_url=endpoint.base_url, model="e/large", dimension=8
    )


def test_the_development_embedder_compares_spelling() -> None:
    one, near, far = map(development.embed, ("annual leave", "annual leaves", "salary"))
    assert sum(a * b for a, b in zip(one, near, strict=True)) > 0.7
    assert sum(a * b for a, b in zip(one, far, strict=True)) < 0.3
    assert math.isclose(math.hypot(*development.embed("")), 1)


def test_a_space_is_named_after_model_and_dimension() -> None:
    settings = EmbedderSettings(kind="endpoint", base_url="x", model="a/b-c", dimension=8)
    assert space_name(settings, 8) == "endpoint-a_b_c-8"


@pytest.mark.parametrize("fields", [{"kind": "onnx"}, {"kind": "endpoint", "model": "m"}])
def test_an_embedder_that_is_half_told_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EmbedderSettings(**fields)
