"""The process for heavy work: questions pass documents by, and whatever kills it harms nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from protostar_worker.rag import analyst as analyst_module
from protostar_worker.rag.analyst import Analyst
from protostar_worker.results import Failed, Refused, ResultCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
LONG = "연차는 입사 후 일 년이 지나면 십오 일이 주어집니다. " * 400


@pytest.fixture
async def own(anyio_backend: str) -> AsyncIterator[Analyst]:
    analyst = Analyst()
    yield analyst
    await analyst.close()


async def test_a_question_does_not_wait_behind_a_document(analyst: Analyst) -> None:
    await analyst.words(["연차"])
    bulk = asyncio.create_task(analyst.words([LONG] * 4, "bulk"))
    await asyncio.sleep(0.1)
    assert await analyst.words(["연차는"]) == [["연차"]]
    assert not bulk.done()
    bulk.cancel()


async def test_the_event_loop_goes_on_meanwhile(analyst: Analyst) -> None:
    await analyst.words(["연차"])
    bulk = asyncio.create_task(analyst.words([LONG], "bulk"))
    longest_s, started_s = 0.0, time.monotonic()
    while not bulk.done():
        began_s = time.monotonic()
        await asyncio.sleep(0.001)
        longest_s = max(longest_s, time.monotonic() - began_s)
    assert longest_s < (time.monotonic() - started_s) / 2


async def test_who_waits_when_it_is_killed_is_told_and_the_next_is_served(own: Analyst) -> None:
    await own.chunks("text", b"x")
    waiting = asyncio.create_task(own.words(["연차"], "bulk"))
    await asyncio.sleep(0.05)
    assert own.pid is not None
    os.kill(own.pid, signal.SIGKILL)
    with pytest.raises(Failed):
        await waiting
    assert len(await own.chunks("text", b"again")) == 1


async def test_a_file_that_is_read_for_ever_is_refused_and_the_next_is_read(
    own: Analyst, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own.chunks("text", b"x")
    monkeypatch.setitem(analyst_module.LIMITS_S, "bulk", 0.001)
    with pytest.raises(Refused) as refused:
        await own.chunks("markdown", b"# x\n\n" * 200_000)
    assert refused.value.code is ResultCode.DOCUMENT_UNREADABLE
    monkeypatch.setitem(analyst_module.LIMITS_S, "bulk", 60.0)
    assert len(await own.chunks("text", b"again")) == 1


async def test_it_ends_with_the_worker() -> None:
    analyst = Analyst()
    await analyst.chunks("text", b"x")
    pid = analyst.pid
    await analyst.close()
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
