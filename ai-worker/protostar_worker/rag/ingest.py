"""From a job to an indexed document: fetch, cut, embed, replace."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from protostar_worker.rag.index import Document, Indexed
from protostar_worker.results import Refused, ResultCode
from protostar_worker.roles import role_of

if TYPE_CHECKING:
    from protostar_worker.payload import Delete, Ingest, Source
    from protostar_worker.rag.analyst import Analyst
    from protostar_worker.rag.chunks import Chunk
    from protostar_worker.rag.embedders import Embedder
    from protostar_worker.rag.index import Index
    from protostar_worker.rag.objects import Objects


class Ingestion:
    def __init__(
        self, index: Index, embedder: Embedder, analyst: Analyst, objects: Objects | None
    ) -> None:
        self._index, self._embedder = index, embedder
        self._analyst, self._objects = analyst, objects

    async def ingest(self, payload: Ingest, enqueued_ms: int) -> dict[str, object]:
        content = await self._content(payload.source)
        chunks = await self._analyst.chunks(payload.media, content)
        rows = [row for batch in self._batches(chunks) for row in await self._indexed(batch)]
        stands = await self._index.replace(_document(payload, enqueued_ms), rows)
        return {"documentId": payload.document_id, "chunks": len(rows), "superseded": not stands}

    async def delete(self, payload: Delete, enqueued_ms: int) -> dict[str, object]:
        gone = Document(payload.document_id, "", "", role_of("protostar"), None, enqueued_ms)
        stands = await self._index.replace(gone, [])
        return {"documentId": payload.document_id, "chunks": 0, "superseded": not stands}

    async def _content(self, source: Source) -> bytes:
        if source.text is not None:
            return source.text.encode("utf-8", "replace")
        if source.base64 is not None:
            return _decoded(source.base64)
        if source.s3_key is None:
            raise Refused(ResultCode.INVALID_REQUEST, "source: give text, base64 or s3Key")
        if self._objects is None:
            raise Refused(ResultCode.INVALID_REQUEST, "source: no object store is configured")
        return await self._objects.read(source.s3_key)

    def _batches(self, chunks: list[Chunk]) -> list[list[Chunk]]:
        size = self._embedder.batch
        return [chunks[start : start + size] for start in range(0, len(chunks), size)]

    async def _indexed(self, chunks: list[Chunk]) -> list[Indexed]:
        texts = [chunk.with_heading for chunk in chunks]
        vectors = await self._embedder.embed(texts, "bulk")
        words = await self._analyst.words(texts, "bulk")
        return [Indexed(*row) for row in zip(chunks, words, vectors, strict=True)]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refused(ResultCode.INVALID_REQUEST, "source.base64: not base64") from None


def _document(payload: Ingest, enqueued_ms: int) -> Document:
    return Document(
        payload.document_id, payload.title, payload.media,
        role_of(payload.visible_to), payload.owner_id, enqueued_ms,
    )  # fmt: skip
