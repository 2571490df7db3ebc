"""What the analyst's process does for the worker: parse, find words, embed with a local model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protostar_worker.rag import development, korean, onnx
from protostar_worker.rag.chunks import Chunk, chunks_of
from protostar_worker.rag.parsers import sections_of

if TYPE_CHECKING:
    from collections.abc import Callable


def chunks(media: str, content: bytes) -> list[Chunk]:
    return chunks_of(sections_of(media, content))


def words(texts: list[str]) -> list[list[str]]:
    return [korean.words_of(text) for text in texts]


def embed_development(texts: list[str]) -> list[list[float]]:
    return [development.embed(text) for text in texts]


def embed_onnx(folder: str, texts: list[str]) -> list[list[float]]:
    return onnx.load(folder).embed(texts)


TASKS: dict[str, Callable[..., object]] = {
    task.__name__: task for task in (chunks, words, embed_development, embed_onnx)
}
