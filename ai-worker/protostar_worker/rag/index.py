"""The chunks in PostgreSQL: what replaces them, what deletes them, what finds them.

Who may see a chunk is a part of every query here (PERMITTED). Nothing is filtered afterwards.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

if TYPE_CHECKING:
    from protostar_worker.db.pool import Connection, Database
    from protostar_worker.rag.chunks import Chunk
    from protostar_worker.roles import Role

# Up to this many permitted chunks every one is compared: exact, and faster than the index, which
# with a narrow bound walks far and still misses (measured: recall 0.71 at 2 % permitted).
EXACT_MOST = 5_000
CANDIDATES = 40  # From each of the two searches, for the fusion to choose from.
EF_SEARCH = 100

PERMITTED: LiteralString = """
space = %(space)s AND visible_to <= %(role)s AND (owner_id IS NULL OR owner_id = %(user)s)
"""
COUNT = (
    f"SELECT count(*) AS n FROM (SELECT 1 FROM chunks WHERE {PERMITTED} LIMIT {EXACT_MOST + 1}) s"
)
# Without the cast the order is not the index's, so that every permitted row is compared.
EXACT = f"""
SELECT chunk_id FROM chunks WHERE {PERMITTED}
ORDER BY embedding <=> %(vector)s::halfvec LIMIT {CANDIDATES}
"""
# The space stands in the text: a plan for any value could not use the index of this one.
NEAR = sql.SQL(
    f"SELECT chunk_id FROM chunks WHERE space = {{space}} AND {PERMITTED}"
    f" ORDER BY embedding::halfvec({{dimension}}) <=> %(vector)s::halfvec LIMIT {CANDIDATES}"
)
WORDS = f"""
SELECT chunk_id FROM chunks, to_tsquery('simple', %(query)s) query
WHERE {PERMITTED} AND words @@ query
ORDER BY ts_rank_cd(words, query) DESC, chunk_id LIMIT {CANDIDATES}
"""
PASSAGES = """
SELECT chunk_id, chunks.document_id, title, heading, place, position, content,
       chunks.owner_id IS NOT NULL AS is_private
FROM chunks JOIN documents USING (document_id)
WHERE chunk_id = ANY(%(ids)s) AND space = %(space)s AND chunks.visible_to <= %(role)s
  AND (chunks.owner_id IS NULL OR chunks.owner_id = %(user)s)
"""
REPLACE = """
INSERT INTO documents (document_id, title, media, visible_to, owner_id, digest, changed_ms, deleted)
VALUES (%(id)s, %(title)s, %(media)s, %(role)s, %(owner)s, %(digest)s, %(changed)s, %(deleted)s)
ON CONFLICT (document_id) DO UPDATE SET
    title = EXCLUDED.title, media = EXCLUDED.media, visible_to = EXCLUDED.visible_to,
    owner_id = EXCLUDED.owner_id, digest = EXCLUDED.digest, changed_ms = EXCLUDED.changed_ms,
    deleted = EXCLUDED.deleted
    WHERE documents.changed_ms <= EXCLUDED.changed_ms
RETURNING 1
"""
DROP = "DELETE FROM chunks WHERE document_id = %(id)s"
INSERT = """
INSERT INTO chunks (space, document_id, visible_to, owner_id, position, heading, place, content,
                    words, embedding)
VALUES (%(space)s, %(id)s, %(role)s, %(owner)s, %(position)s, %(heading)s, %(place)s, %(content)s,
        to_tsvector('simple', %(words)s), %(vector)s::halfvec)
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom is searched. Comes from the verified payload and from nowhere else."""

    user_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Document:
    document_id: str
    title: str
    media: str
    visible_to: Role
    owner_id: str | None
    changed_ms: int


@dataclass(frozen=True, slots=True)
class Indexed:
    chunk: Chunk
    words: list[str]
    vector: list[float]


@dataclass(frozen=True, slots=True)
class Passage:
    document_id: str
    title: str
    heading: str
    place: str
    position: int
    content: str
    is_private: bool


class Index:
    def __init__(self, database: Database, space: str, dimension: int) -> None:
        self._database, self._space, self._dimension = database, space, dimension

    async def replace(self, document: Document, rows: list[Indexed]) -> bool:
        """All old chunks for all new ones, in one transaction. False: a later word stands."""
        names = _names(document) | {"digest": _digest(rows), "deleted": not rows}
        async with self._database.transaction() as connection:
            if await (await connection.execute(REPLACE, names)).fetchone() is None:
                return False
            await connection.execute(DROP, names)
            async with connection.cursor() as cursor:
                await cursor.executemany(INSERT, [self._row(names, row) for row in rows])
        return True

    async def near(self, reader: Reader, vector: list[float]) -> list[int]:
        names = self._bound(reader) | {"vector": _literal(vector)}
        async with self._database.reading() as connection:
            counted = await (await connection.execute(COUNT, names)).fetchone()
            if counted and counted["n"] <= EXACT_MOST:
                return await _ids(connection, EXACT, names)
        async with self._database.transaction() as connection:
            await connection.execute(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}")
            await connection.execute("SET LOCAL hnsw.iterative_scan = strict_order")
            return await _ids(connection, self._near, names)

    async def with_words(self, reader: Reader, words: list[str]) -> list[int]:
        if not words:
            return []
        names = self._bound(reader) | {"query": any_of(words)}
        async with self._database.reading() as connection:
            return await _ids(connection, WORDS, names)

    async def passages(self, reader: Reader, ids: list[int]) -> list[Passage]:
        names = self._bound(reader) | {"ids": ids}
        async with self._database.reading() as connection:
            rows = await (await connection.execute(PASSAGES, names)).fetchall()
        by_id = {row.pop("chunk_id"): Passage(**row) for row in rows}
        return [by_id[chunk_id] for chunk_id in ids if chunk_id in by_id]

    def _bound(self, reader: Reader) -> dict[str, Any]:
        return {"space": self._space, "role": int(reader.role), "user": reader.user_id}

    @property
    def _near(self) -> sql.Composed:
        return NEAR.format(space=sql.Literal(self._space), dimension=sql.Literal(self._dimension))

    def _row(self, names: dict[str, Any], row: Indexed) -> dict[str, Any]:
        return {
            **names, "space": self._space, "position": row.chunk.position,
            "heading": row.chunk.heading, "place": row.chunk.place, "content": row.chunk.text,
            "words": " ".join(row.words), "vector": _literal(row.vector),
        }  # fmt: skip


def any_of(words: list[str]) -> str:
    """A query for chunks with any of the words. They are letters and digits only, and quoted."""
    return " | ".join(f"'{word}'" for word in dict.fromkeys(words))


async def _ids(connection: Connection, query: Any, names: dict[str, Any]) -> list[int]:  # noqa: ANN401 - an SQL object or text
    rows = await (await connection.execute(query, names)).fetchall()
    return [row["chunk_id"] for row in rows]


def _names(document: Document) -> dict[str, Any]:
    return {
        "id": document.document_id, "title": document.title, "media": document.media,
        "role": int(document.visible_to), "owner": document.owner_id,
        "changed": document.changed_ms,
    }  # fmt: skip


def _literal(vector: list[float]) -> str:
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"


def _digest(rows: list[Indexed]) -> str:
    return hashlib.sha256("\n".join(row.chunk.text for row in rows).encode()).hexdigest()
