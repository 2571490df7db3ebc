"""Three places that vectors come from, and one check on all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp

from protostar_worker.rag import development
from protostar_worker.results import Failed, Refused, ResultCode

if TYPE_CHECKING:
    from protostar_worker.rag.analyst import Analyst, Lane
    from protostar_worker.settings import Embedder as EmbedderSettings

DEVELOPMENT_SAYS = (
    "the development embedder compares spelling and knows no meaning: not for production"
)


class Embedder:
    """Texts to vectors of one dimension, in one space."""

    def __init__(
        self, settings: EmbedderSettings, analyst: Analyst, session: aiohttp.ClientSession
    ) -> None:
        self._settings, self._analyst, self._session = settings, analyst, session
        self._dimension = settings.dimension
        if settings.kind == "development":
            self._dimension = development.DIMENSION

    @property
    def kind(self) -> str:
        return self._settings.kind

    @property
    def may_see_personal(self) -> bool:
        return self._settings.kind != "endpoint" or self._settings.personal_data

    @property
    def batch(self) -> int:
        return self._settings.batch

    async def dimension(self) -> int:
        """Of a model in a folder only the model itself knows."""
        if self._dimension is None:
            self._dimension = len((await self._vectors(["dimension"], "query"))[0])
        return self._dimension

    async def space(self) -> str:
        """Vectors of two models never meet: each has a name of its own in the index."""
        return space_name(self._settings, await self.dimension())

    async def embed(self, texts: list[str], lane: Lane = "query") -> list[list[float]]:
        dimension = await self.dimension()
        vectors = await self._vectors(texts, lane)
        check_vectors(vectors, len(texts), dimension)
        return vectors

    async def _vectors(self, texts: list[str], lane: Lane) -> list[list[float]]:
        if self._settings.kind == "development":
            if lane == "query":
                return [development.embed(text) for text in texts]
            return await self._analyst.embed("embed_development", lane, texts)
        if self._settings.kind == "onnx":
            folder = str(self._settings.folder)
            return await self._analyst.embed("embed_onnx", lane, folder, texts)
        return await self._asked(texts)

    async def _asked(self, texts: list[str]) -> list[list[float]]:
        key = self._settings.api_key
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        try:
            async with self._session.post(
                f"{self._settings.base_url.rstrip('/')}/embeddings",
                json={"model": self._settings.model, "input": texts, "encoding_format": "float"},
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s),
                raise_for_status=True,
            ) as response:
                return _in_order(await response.json())
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            what = getattr(error, "status", None) or type(error).__name__
            raise Failed(ResultCode.EMBEDDER_FAILED, f"the embedding endpoint: {what}") from None


def space_name(settings: EmbedderSettings, dimension: int) -> str:
    name = {
        "development": "",
        "onnx": settings.folder.name if settings.folder else "",
        "endpoint": settings.model,
    }[settings.kind]
    return "-".join(filter(None, (settings.kind, re.sub(r"\W+", "_", name), str(dimension))))


def check_vectors(vectors: list[list[float]], count: int, dimension: int) -> None:
    if len(vectors) != count:
        raise Failed(ResultCode.EMBEDDER_FAILED, f"{len(vectors)} vectors for {count} texts")
    wrong = next((len(vector) for vector in vectors if len(vector) != dimension), None)
    if wrong is not None:
        raise Refused(
            ResultCode.WRONG_DIMENSION, f"a vector of {wrong} dimensions, the index has {dimension}"
        )


def _in_order(body: dict[str, Any]) -> list[list[float]]:
    rows = sorted(body["data"], key=lambda row: row["index"])
    return [[float(value) for value in row["embedding"]] for row in rows]
