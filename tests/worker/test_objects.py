"""Files come from an S3 store, by a signed request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from protostar_worker.rag import objects
from protostar_worker.rag.objects import Objects
from protostar_worker.results import Unavailable
from tests.worker.containers import free_port
from tests.worker.objects import S3, made, settings_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.worker.desk import Desk

pytestmark = pytest.mark.anyio
HANDBOOK = "# 휴가\n\n연차".encode()


@pytest.fixture
def s3() -> Iterator[S3]:
    with made() as found:
        yield found


@pytest.fixture
async def store(s3: S3, anyio_backend: str) -> AsyncIterator[S3]:
    async with s3.running():
        await s3.put("handbook.md", HANDBOOK)
        yield s3


async def test_a_file_of_the_store_is_indexed(desk: Desk, work: Any, store: S3) -> None:
    async with work(object_store=store.settings()):
        end = await desk.ingested(source={"s3Key": "handbook.md"})
        assert end.value is not None
        assert end.value["chunks"] == 1


@pytest.mark.parametrize("key", ["규정/휴가 규정 (2026).md", "a+b%20c&d=e.md"])
async def test_a_key_may_be_any_text(store: S3, key: str) -> None:
    await store.put(key, HANDBOOK)
    assert await Objects(store.settings()).read(key) == HANDBOOK


@pytest.mark.parametrize("bucket", ["documents", "another"])
async def test_one_that_is_not_there_is_refused(
    desk: Desk, work: Any, store: S3, bucket: str
) -> None:
    async with work(object_store=store.settings(bucket=bucket)):
        end = await desk.ingested(source={"s3Key": "absent"})
        assert end.reason == "DOCUMENT_NOT_FOUND: no object 'absent'"


async def test_a_wrong_key_is_named_by_the_code_of_the_store(
    desk: Desk, work: Any, store: S3
) -> None:
    async with work(object_store=store.settings(secret_key="another")):
        end = await desk.ingested(source={"s3Key": "handbook.md"})
        assert end.reason == "DOCUMENT_NOT_FOUND: the store: SignatureDoesNotMatch"


async def test_a_file_that_is_too_large_is_not_read_whole(
    desk: Desk, work: Any, store: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "FILE_BYTES_MAX", 2**20)
    await store.put("large", b" " * (2**20 + 1))
    async with work(object_store=store.settings()):
        assert (await desk.ingested(source={"s3Key": "large"})).reason.startswith("TOO_LARGE")


async def test_a_store_that_is_away_costs_no_attempt(desk: Desk, work: Any, s3: S3) -> None:
    async with s3.running():
        await s3.put("handbook.md", HANDBOOK)
    async with work(object_store=s3.settings()):
        job = await desk.document(source={"s3Key": "handbook.md"})
        async with asyncio.timeout(20):
            while await job.getState() != "delayed":
                await asyncio.sleep(0.02)
        async with s3.running():
            assert (await desk.end(job)).state == "completed"


# --- what a real server cannot be made to do ----------------------------------------------------


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n# half of"
NO_XML = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno"


@pytest.mark.parametrize("answer", [CUT, NO_XML], ids=["cut", "no XML"])
async def test_a_wrong_answer_is_a_store_that_is_away(answer: bytes) -> None:
    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    port = free_port()
    async with await asyncio.start_server(give, "127.0.0.1", port):
        with pytest.raises(Unavailable):
            await Objects(settings_at(port)).read("handbook.md")
