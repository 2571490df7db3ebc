"""From a question to the passages that may answer it: by meaning and by words, fused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from protostar_worker.rag.fusion import fused

if TYPE_CHECKING:
    from protostar_worker.rag.analyst import Analyst
    from protostar_worker.rag.embedders import Embedder
    from protostar_worker.rag.index import Index, Passage, Reader

PASSAGES = 8
QUESTION_CHARS = 2_000  # Of a long message the beginning is searched for.


class Search:
    def __init__(self, index: Index, embedder: Embedder, analyst: Analyst) -> None:
        self._index, self._embedder, self._analyst = index, embedder, analyst

    async def passages(self, reader: Reader, question: str, *, personal: bool) -> list[Passage]:
        text = question[:QUESTION_CHARS]
        rankings = await asyncio.gather(
            self._by_meaning(reader, text, personal=personal), self._by_words(reader, text)
        )
        return await self._index.passages(reader, fused(rankings, PASSAGES))

    async def _by_meaning(self, reader: Reader, text: str, *, personal: bool) -> list[int]:
        if personal and not self._embedder.may_see_personal:
            return []
        vector = (await self._embedder.embed([text]))[0]
        return await self._index.near(reader, vector)

    async def _by_words(self, reader: Reader, text: str) -> list[int]:
        words = (await self._analyst.words([text]))[0]
        return await self._index.with_words(reader, words)
