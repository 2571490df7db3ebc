"""`worker-search`: 30,000 chunks of 1,024 dimensions, and a reader who may see one in fifty."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg

from bench.output import Figure, note
from bench.worker.figures import percentile
from protostar_worker.db.migrate import prepare_space
from protostar_worker.db.pool import Database
from protostar_worker.rag.analyst import Analyst
from protostar_worker.rag.index import Index, Reader, _literal
from protostar_worker.rag.search import Search
from protostar_worker.roles import Role
from tests.worker.containers import database_on, postgres_running
from tests.worker.korean import PAIRS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.output import Value

    Vectors = NDArray[np.float64]

CHUNKS, DIMENSION, TOPICS, PERMITTED_OF = 30_000, 1_024, 300, 50
SPACE = f"bench-{DIMENSION}"
QUESTIONS, BEST = 200, 10
FIGURES = (
    Figure("chunks", f"of {DIMENSION} dimensions, in {TOPICS} topics"),
    Figure("p50_ms", "a search by meaning and words, 2 % permitted, without embedding: median"),
    Figure("p95_ms", "the same, 95th percentile", most=25),
    Figure("recall_at_10", "of the exact nearest, 2 % permitted", least=0.97),
    Figure("all_p95_ms", "the same search where everything is permitted"),
    Figure("all_recall_at_10", "of the exact nearest, everything permitted", least=0.97),
    Figure("korean_found", f"of {len(PAIRS)} pairs found whatever particle", least=len(PAIRS)),
)
FEW, ALL = Reader("u", Role.GUEST), Reader("u", Role.PROTOSTAR)


class Given:
    """In place of an embedder: the vector that the question has. Its time is the model's own."""

    may_see_personal = True

    def __init__(self) -> None:
        self.vector: list[float] = []

    async def embed(self, _texts: list[str]) -> list[list[float]]:
        return [self.vector]


def measure(rounds: int | None) -> dict[str, Value]:
    with postgres_running() as (_, postgres), database_on(postgres) as url:
        note(f"{CHUNKS} chunks")
        rng = np.random.default_rng(7)
        topics = rng.normal(size=(TOPICS, DIMENSION))
        fill(url, near(rng, topics, CHUNKS))
        questions = near(rng, topics, QUESTIONS * (rounds or 1))
        return asyncio.run(_measure(url, questions))


def near(rng: np.random.Generator, topics: Vectors, count: int) -> Vectors:
    """Texts lie in topics; vectors of no shape at all would be like no texts."""
    chosen = topics[rng.integers(0, len(topics), count)]
    vectors = chosen + 0.8 * rng.normal(size=(count, DIMENSION))
    found: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def fill(url: str, vectors: Vectors) -> None:
    prepare_space(url, SPACE, DIMENSION)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO documents VALUES ('d', 'd', 'text', 0, NULL, '', 0)")
        with connection.cursor().copy(
            "COPY chunks (space, document_id, visible_to, position, heading, place, content, words,"
            " embedding) FROM STDIN"
        ) as copy:
            for number, vector in enumerate(vectors):
                copy.write_row(_row(number, vector))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE chunks")


def _row(number: int, vector: Any) -> tuple[object, ...]:
    permitted = 0 if number % PERMITTED_OF == 0 else 2
    words = f"'w{number % 997}' 'w{number % 89}' 'common{number % 5}'"
    place = f"page {number}"
    return SPACE, "d", permitted, number, "", place, place, words, _literal(vector.tolist())


async def _measure(url: str, questions: Vectors) -> dict[str, Value]:
    database, analyst = Database(url), Analyst()
    await database.open()
    index = Index(database, SPACE, DIMENSION)
    korean = await _korean_found(analyst)
    few_ms, few_recall = await _searched(url, index, analyst, FEW, questions)
    all_ms, all_recall = await _searched(url, index, analyst, ALL, questions)
    await analyst.close()
    await database.close()
    return {
        "chunks": CHUNKS,
        "p50_ms": percentile(few_ms, 50),
        "p95_ms": percentile(few_ms, 95),
        "recall_at_10": few_recall,
        "all_p95_ms": percentile(all_ms, 95),
        "all_recall_at_10": all_recall,
        "korean_found": korean,
    }


async def _searched(
    url: str, index: Index, analyst: Analyst, reader: Reader, questions: Vectors
) -> tuple[list[float], float]:
    note(f"{len(questions)} questions of {reader.role.name.lower()}")
    given, took_ms, hits = Given(), list[float](), 0
    search = Search(index, given, analyst)  # type: ignore[arg-type]  # a double, see Given
    for number, vector in enumerate(questions):
        given.vector = vector.tolist()
        began_s = time.monotonic()
        await search.passages(reader, f"w{number % 997} w{number % 89}", personal=True)
        took_ms.append((time.monotonic() - began_s) * 1000)
        found = (await index.near(reader, given.vector))[:BEST]
        hits += len(set(found) & _truth(url, reader, given.vector))
    return took_ms, hits / (BEST * len(questions))


def _truth(url: str, reader: Reader, vector: list[float]) -> set[int]:
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL enable_indexscan = off")
        rows = connection.execute(
            "SELECT chunk_id FROM chunks WHERE visible_to <= %s"
            " ORDER BY embedding <=> %s::halfvec LIMIT %s",
            (int(reader.role), _literal(vector), BEST),
        ).fetchall()
    return {row[0] for row in rows}


async def _korean_found(analyst: Analyst) -> int:
    asked = await analyst.words([pair[0] for pair in PAIRS])
    written = await analyst.words([pair[1] for pair in PAIRS])
    return sum(bool(set(one) & set(other)) for one, other in zip(asked, written, strict=True))
