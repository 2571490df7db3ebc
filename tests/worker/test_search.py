"""Passages are found by meaning and by words, and only those that the reader may see."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from protostar_worker.db.migrate import prepare_space
from protostar_worker.db.pool import Database
from protostar_worker.rag import index as index_module
from protostar_worker.rag.fusion import fused
from protostar_worker.rag.index import Index, Reader
from protostar_worker.roles import Role
from tests.worker.injections import INJECTIONS
from tests.worker.korean import PAIRS

if TYPE_CHECKING:
    from protostar_worker.rag.analyst import Analyst
    from tests.worker.desk import Desk, Running
    from tests.worker.scripted import Scripted

pytestmark = pytest.mark.anyio
SECRET = "암호는 백두산"


@pytest.mark.parametrize(("asked", "written"), PAIRS)
async def test_korean_is_found_whatever_particle_it_has(
    analyst: Analyst, asked: str, written: str
) -> None:
    question, text = await analyst.words([asked, written])
    assert set(question) & set(text), (question, text)


async def test_a_question_finds_the_text_with_particles(desk: Desk, worker: Running) -> None:
    for name, text in (("a", "연차는 십오 일입니다."), ("b", "급여는 월말에 나갑니다.")):
        await desk.ingested(documentId=name, source={"text": text})
    words = (await worker.world.analyst.words(["연차"]))[0]
    found = await worker.index.with_words(Reader("u", Role.GUEST), words)
    passages = await worker.index.passages(Reader("u", Role.GUEST), found)
    assert [passage.document_id for passage in passages] == ["a"]


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        (Reader("u-1", Role.GUEST), {"public"}),
        (Reader("u-1", Role.STARGAZER), {"public", "inner", "mine"}),
        (Reader("u-2", Role.STARGAZER), {"public", "inner"}),
        (Reader("u-2", Role.PROTOSTAR), {"public", "inner", "secret"}),
    ],
)
async def test_a_reader_sees_what_role_and_owner_permit(
    desk: Desk, worker: Running, reader: Reader, seen: set[str]
) -> None:
    for name, bound in (
        ("public", {"visibleTo": "guest"}),
        ("inner", {"visibleTo": "stargazer"}),
        ("secret", {"visibleTo": "protostar"}),
        ("mine", {"visibleTo": "stargazer", "ownerId": "u-1"}),
    ):
        await desk.ingested(documentId=name, source={"text": f"연차 규정 {name}"}, **bound)
    ids = [row["chunk_id"] for row in desk.rows("SELECT chunk_id FROM chunks")]
    vector = (await worker.world.embedder.embed(["연차 규정"]))[0]
    by_meaning = await worker.index.near(reader, vector)
    by_words = await worker.index.with_words(reader, ["연차"])
    every = await worker.index.passages(reader, ids)
    assert {passage.document_id for passage in every} == seen
    for found in (by_meaning, by_words):
        assert {one.document_id for one in await worker.index.passages(reader, found)} == seen


async def test_no_words_of_a_guest_bring_other_users_documents_to_the_model(
    desk: Desk, guarded: Running, endpoint: Scripted
) -> None:
    guest = {"role": "guest", "userId": "u-evil"}
    jobs = [await desk.ask(injection, fields=guest) for injection in INJECTIONS]
    for job in jobs:
        end = await desk.end(job)
        assert end.value is not None
        assert [one["documentId"] for one in end.value["citations"]] == ["public"]
    assert len(endpoint.asked) == len(INJECTIONS) == 20
    assert all(SECRET not in one["messages"][0]["content"] for one in endpoint.asked)


@pytest.fixture
async def guarded(desk: Desk, worker: Running) -> Running:
    await desk.ingested(documentId="public", source={"text": "누구나 보는 글"})
    for name, bound in (("boss", {}), ("theirs", {"visibleTo": "guest", "ownerId": "u-2"})):
        await desk.ingested(
            documentId=name,
            source={"text": f"{SECRET}입니다"},
            **{"visibleTo": "protostar"} | bound,
        )
    return worker


def test_what_both_rankings_found_stands_first() -> None:
    assert fused([[1, 2, 3], [3, 4]], 3) == [3, 1, 2]
    assert fused([[], []], 3) == []


@pytest.mark.parametrize("exact_most", [5_000, 100])
async def test_the_nearest_are_found_exactly_in_a_small_set_and_nearly_so_in_a_large(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, exact_most: int
) -> None:
    """Both ways of searching against the truth: 2,000 vectors, one in four is permitted."""
    monkeypatch.setattr(index_module, "EXACT_MOST", exact_most)
    fill(desk, 2_000, 64)
    database = Database(desk.database_url)
    await database.open()
    index, reader = Index(database, "test-64", 64), Reader("u", Role.GUEST)
    hits = 0
    for _ in range(20):
        vector = [random.gauss(0, 1) for _ in range(64)]
        hits += len(set(truth(desk, vector)) & set((await index.near(reader, vector))[:10]))
    await database.close()
    assert hits / 200 >= (1.0 if exact_most == 5_000 else 0.97)


def fill(desk: Desk, chunks: int, dimension: int) -> None:
    prepare_space(desk.database_url, f"test-{dimension}", dimension)
    desk.rows("INSERT INTO documents VALUES ('d', 'd', 'text', 0, NULL, '', 0) RETURNING 1")
    desk.rows(
        "INSERT INTO chunks (space, document_id, visible_to, position, heading, place, content,"
        " words, embedding) SELECT %s, 'd', CASE WHEN n %% 4 = 0 THEN 0 ELSE 2 END, n, '', '', '',"
        " '', (SELECT array_agg(random_normal()) FROM generate_series(1, %s + 0 * n))::halfvec"
        " FROM generate_series(1, %s) n RETURNING 1",
        f"test-{dimension}", dimension, chunks,
    )  # fmt: skip


def truth(desk: Desk, vector: list[float]) -> list[int]:
    rows = desk.rows(
        "SELECT chunk_id FROM chunks WHERE visible_to = 0"
        " ORDER BY embedding <=> %s::halfvec LIMIT 10",
        str(vector),
    )
    return [row["chunk_id"] for row in rows]


async def test_vectors_of_another_embedder_are_another_space(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    async with work():
        await desk.ingested(documentId="old")
    embedder = {"kind": "endpoint", "base_url": endpoint.base_url, "model": "e", "dimension": 8,
                "personal_data": True}  # fmt: skip
    async with work(embedder=embedder) as new:
        await desk.ingested(documentId="new")
        found = await new.index.near(Reader("u", Role.PROTOSTAR), [1.0] * 8)
        passages = await new.index.passages(Reader("u", Role.PROTOSTAR), found)
    assert [passage.document_id for passage in passages] == ["new"]
