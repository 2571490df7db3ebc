"""`worker-stream`: a token carries the time it was sent; the reader looks at the clock."""

from __future__ import annotations

import asyncio
import json
import time
from statistics import median
from typing import TYPE_CHECKING

import uvloop

from bench.output import BenchError, Figure, note
from bench.worker.endpoint import TOKENS, endpoint_process
from bench.worker.figures import percentile
from protostar_worker.answer.stream import events_of
from protostar_worker.queue.bull import client
from tests.worker.containers import database_on, postgres_running, redis_running
from tests.worker.desk import Desk, ask_fields
from tests.worker.processes import started

if TYPE_CHECKING:
    from bench.output import Value

STREAMS, CHATS = 200, 20
SENTENCE = "연차는 입사 후 일 년이 지나면 십오 일이 주어지고, 신청은 인사팀에 합니다. "
TEXT = SENTENCE * (5 * 10**6 // len(SENTENCE.encode()))
FIGURES = (
    Figure("one_p99_ms", "endpoint sent → reader has it, one stream", most=5),
    Figure("ping_p99_ms", "a bare PING to the same Redis, for the machine's share of that"),
    Figure("streams", "at once, 5 tokens/s each"),
    Figure("tokens", "that were measured"),
    Figure("p50_ms", "endpoint sent → reader has it: median"),
    Figure("p99_ms", "the same, 99th percentile", most=25),
    Figure("quiet_p99_ms", f"{CHATS} streams, nothing else"),
    Figure(
        "ingest_p99_ms", f"{CHATS} streams while 5 MB of Korean text, parsed, are embedded and kept"
    ),
    Figure("ingest_extra_ms", "the difference", most=20),
)
READ_S = 60.0
PINGS, PING_PACE_S = 400, 0.05


def measure(rounds: int | None) -> dict[str, Value]:
    with (
        redis_running() as (redis, redis_url),
        postgres_running() as (postgres, postgres_url),
        database_on(postgres.direct(postgres_url)) as database,
    ):
        return uvloop.run(_measure(Desk(redis.direct(redis_url), database), rounds or 3))


async def _measure(desk: Desk, rounds: int) -> dict[str, Value]:
    many: list[list[float]] = []
    async with (
        endpoint_process("clock") as base_url,
        started(desk, base_url, PROTOSTAR_CONCURRENCY=str(STREAMS)),
    ):
        await _delays_ms(desk, 1)  # whatever is done only once
        note("one stream")
        one = [delay for _ in range(5) for delay in await _delays_ms(desk, 1)]
        pings = await _pings_ms(desk.redis_url)
        for _ in range(rounds):
            note(f"{STREAMS} streams")
            many.append(await _delays_ms(desk, STREAMS))
        note(f"{CHATS} streams, then the same during an ingestion")
        quiet = await _delays_ms(desk, CHATS)
        job = await desk.document(source={"text": TEXT})
        await asyncio.sleep(8)  # parsed and cut, and the analyser loaded
        during = await _delays_ms(desk, CHATS)
        if await job.getState() != "active":
            raise BenchError("the ingestion was over before the streams were")
    await desk.close()
    quiet_ms, during_ms = percentile(quiet, 99), percentile(during, 99)
    return {
        "quiet_p99_ms": quiet_ms,
        "ingest_p99_ms": during_ms,
        "ingest_extra_ms": max(0.0, during_ms - quiet_ms),
        "one_p99_ms": percentile(one, 99),  # of 375: of one round it would be the longest
        "ping_p99_ms": percentile(pings, 99),
        "streams": STREAMS,
        "tokens": sum(map(len, many)),
        "p50_ms": median(percentile(found, 50) for found in many),
        "p99_ms": median(percentile(found, 99) for found in many),
    }


async def _pings_ms(url: str) -> list[float]:
    redis, taken = client(url), list[float]()
    for _ in range(PINGS):
        began_s = time.monotonic()
        await redis.ping()
        taken.append((time.monotonic() - began_s) * 1e3)
        await asyncio.sleep(PING_PACE_S)
    await redis.aclose()
    return taken


async def _delays_ms(desk: Desk, streams: int) -> list[float]:
    asked = [ask_fields("how many days?", userId=f"u-{n}") for n in range(streams)]
    reading = asyncio.create_task(_read(desk.redis_url, [fields["messageId"] for fields in asked]))
    for fields in asked:
        await desk.put(desk.queue, fields)
    delays = await asyncio.wait_for(reading, READ_S)
    if len(delays) != streams * TOKENS:
        raise BenchError(f"{len(delays)} of {streams * TOKENS} tokens were read")
    return delays


async def _read(url: str, message_ids: list[str]) -> list[float]:
    """Each stream by a blocked call and a connection of its own, as the worker's own events do.

    One call for all of them would name 200 streams again after each token: it is the reader that
    would be measured.
    """
    found = await asyncio.gather(*(_delays_of(url, each) for each in message_ids))
    return [delay for one in found for delay in one]


async def _delays_of(url: str, message_id: str) -> list[float]:
    redis, delays = client(url, answer_s=None), list[float]()
    async for _, event, data in events_of(redis, message_id):
        if event == "token":
            now_ns = time.monotonic_ns()
            sent = json.loads(data)["text"].split()
            delays.extend((now_ns - int(one)) / 1e6 for one in sent)
    await redis.aclose()
    return delays
