"""`worker-handover`: colours change while 50 jobs a second come, and what each job waited."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from bench.output import Figure, note
from tests.worker.containers import database_on, postgres_running, redis_running
from tests.worker.desk import Desk, ask_fields
from tests.worker.processes import Process, started
from tests.worker.scripted import Does, Scripted, served

if TYPE_CHECKING:
    from bench.output import Value

FIGURES = (
    Figure("jobs", "put in, 50 a second, each answered in about 0.3 s"),
    Figure("switches", "of the marker, each to a colour just started, the old one stopped"),
    Figure("lost", "without an answer", most=0),
    Figure("doubled", "asked of the endpoint, or paid for, more than once", most=0),
    Figure("steady_wait_s_max", "longest from put in to taken, without a switch"),
    Figure("switch_wait_s_max", "the same, with switches"),
    Figure("extra_wait_s_max", "longer than without", most=1),
)
RATE, STEADY_S, BETWEEN_S = 50, 10, 4
ANSWERS = Does(before_s=0.3)


def measure(rounds: int | None) -> dict[str, Value]:
    with (
        redis_running() as (redis, redis_url),
        postgres_running() as (postgres, postgres_url),
        database_on(postgres.direct(postgres_url)) as database,
        tempfile.TemporaryDirectory() as folder,
    ):
        desk = Desk(redis.direct(redis_url), database)
        return uvloop.run(changing(desk, Path(folder), rounds or 5))


async def changing(desk: Desk, live: Path, switches: int) -> dict[str, Value]:
    async with served(Scripted(always=ANSWERS)) as endpoint, AsyncExitStack() as stack:
        (live / "ai-worker.blue").touch()
        old = await stack.enter_async_context(_colour(desk, endpoint, live, "blue"))
        note("without a switch")
        steady = await _load_for(desk, STEADY_S)
        load = asyncio.create_task(_load_for(desk, BETWEEN_S * (switches + 1)))
        for number in range(switches):
            await asyncio.sleep(BETWEEN_S)
            colours = ("blue", "green") if number % 2 == 0 else ("green", "blue")
            note(f"{colours[0]} → {colours[1]}")
            old = await _switch(desk, endpoint, live, old, colours, stack)
        changing = await load
        jobs = [*steady, *changing]
        found = await _ends(desk, endpoint, jobs)
        steady_s, changing_s = await _wait_s_max(steady), await _wait_s_max(changing)
    await desk.close()
    return found | {
        "switches": switches,
        "steady_wait_s_max": steady_s,
        "switch_wait_s_max": changing_s,
        "extra_wait_s_max": max(0.0, changing_s - steady_s),
    }


def _colour(desk: Desk, endpoint: Scripted, live: Path, colour: str) -> Any:
    return started(desk, endpoint.base_url, PROTOSTAR_MARKER=str(live / f"ai-worker.{colour}"))


async def _switch(
    desk: Desk, endpoint: Scripted, live: Path, old: Process, colours: tuple[str, str],
    stack: AsyncExitStack,
) -> Process:  # fmt: skip
    """As a deploy does it: start, ready, rename, drain, SIGTERM."""
    new: Process = await stack.enter_async_context(_colour(desk, endpoint, live, colours[1]))
    (live / f"ai-worker.{colours[0]}").rename(live / f"ai-worker.{colours[1]}")
    while (await old.report())["in_flight"]:
        await asyncio.sleep(0.05)
    old.child.send_signal(signal.SIGTERM)
    await old.child.wait()
    return new


async def _load_for(desk: Desk, for_s: float) -> list[Any]:
    jobs, began_s = [], time.monotonic()
    for number in range(round(RATE * for_s)):
        await asyncio.sleep(max(0.0, began_s + number / RATE - time.monotonic()))
        fields = ask_fields("how many days?", userId=f"u-{number}", role="protostar")
        jobs.append(await desk.put(desk.queue, fields))
    return jobs


async def _ends(desk: Desk, endpoint: Scripted, jobs: list[Any]) -> dict[str, Value]:
    ends = [await desk.end(job) for job in jobs]
    answered = sum(end.state == "completed" for end in ends)
    paid = desk.rows("SELECT coalesce(sum(answers), 0)::int AS n FROM usage_days")[0]["n"]
    doubled = max(len(endpoint.asked), paid) - answered
    return {"jobs": len(jobs), "lost": len(jobs) - answered, "doubled": doubled}


async def _wait_s_max(jobs: list[Any]) -> float:
    waits = []
    for job in jobs:
        key = f"bull:{job.queue.name}:{job.id}"
        put_in, taken = await job.queue.client.hmget(key, "timestamp", "processedOn")
        waits.append((int(taken) - int(put_in)) / 1000)
    return max(waits)
