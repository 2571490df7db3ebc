"""`worker-chaos`: everything is killed, restarted or answers rubbish, and every job ends once."""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bullmq import Queue
from redis.exceptions import RedisError

from bench.output import BenchError, Figure, note
from bench.worker.endpoint import endpoint_process
from protostar_worker.queue.bull import client
from tests.worker.containers import (
    database_on,
    postgres_answers,
    postgres_running,
    redis_running,
    wait_until,
)
from tests.worker.desk import Desk, ask_fields
from tests.worker.processes import Process, started
from tests.worker.scripted import Does, Scripted, served

if TYPE_CHECKING:
    from bench.output import Value
    from tests.worker.containers import Container

FIGURES = (
    Figure("jobs", "put in while all of it goes on"),
    Figure("answered", "ended with an answer, in PostgreSQL and in the queue"),
    Figure("dead_letters", "ended with a reason"),
    Figure("lost", "without an end, or with one that the queue does not know", most=0),
    Figure("doubled", "with two ends, or paid for twice", most=0),
    Figure("kills", "a worker was killed"),
    Figure("restarts", "Redis or PostgreSQL was restarted"),
    Figure("recovery_s_max", "a worker killed → its job in another's hands, 5 times", most=8),
)
JOBS_A_ROUND, RATE, WORKERS = 1_000, 100, 2
KILL_EVERY_S, RESTART_EVERY_S = 7.0, 23.0
SETTLE_S = 540.0  # On a machine that does something else, too; two minutes alone.
RECOVERIES = 5
# Time-outs of the endpoint are seconds here: 200 of 10,000 questions meet one that hangs.
FAST = {"first_token_s": 1.0, "between_tokens_s": 1.0, "whole_s": 5.0}


@dataclass
class Town:
    desk: Desk
    redis: Container
    postgres: Container
    base_url: str
    kills: int = 0
    restarts: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def measure(rounds: int | None) -> dict[str, Value]:
    with (
        redis_running("always") as (redis, redis_url),
        postgres_running() as (postgres, postgres_url),
        database_on(postgres_url) as database,
        database_on(postgres_url) as another,
    ):
        recovery_s = asyncio.run(_recovery_s_max(redis_url, another, RECOVERIES))
        chaos = troubled(redis, redis_url, postgres, database, JOBS_A_ROUND * (rounds or 10))
        return asyncio.run(chaos) | {"recovery_s_max": recovery_s}


async def troubled(
    redis: Container, redis_url: str, postgres: Container, database: str, jobs: int
) -> dict[str, Value]:
    async with endpoint_process("rubbish") as base_url:
        town = Town(Desk(redis_url, database), redis, postgres, base_url)
        keepers = [asyncio.create_task(_keep_one_alive(town, n)) for n in range(WORKERS)]
        trouble = asyncio.create_task(_restart(town))
        ids = await _put_in(town, jobs)
        await _settled(town, len(ids))
        town.stopping.set()
        await asyncio.gather(trouble, *keepers)
        # The last restart may have been a moment ago.
        await asyncio.to_thread(wait_until, lambda: postgres_answers(database))
        found = _ends(town.desk, ids, await _states(town.desk))
        await town.desk.close()
    return found | {"kills": town.kills, "restarts": town.restarts}


async def _keep_one_alive(town: Town, number: int) -> None:
    """Killed again and again, each in its turn, and started anew at once."""
    endpoint = town.base_url
    while not town.stopping.is_set():
        with suppress(TimeoutError):
            async with started(town.desk, endpoint, **_hasty(endpoint)) as worker:
                lives_s = KILL_EVERY_S * (1 + number) * random.uniform(0.7, 1.3)
                await _pause(town, lives_s)
                town.kills += not town.stopping.is_set()
                await worker.kill()


def _hasty(base_url: str) -> dict[str, str]:
    endpoint = {"name": "local", "base_url": base_url, "model": "m", "personal_data": True} | FAST
    return {"PROTOSTAR_ENDPOINTS": json.dumps([endpoint])}


async def _restart(town: Town) -> None:
    containers = [town.redis, town.postgres]
    while True:
        await _pause(town, RESTART_EVERY_S)
        if town.stopping.is_set():
            return
        container = containers[town.restarts % 2]
        note(f"restart of {container.image}")
        await asyncio.to_thread(container.restart)
        town.restarts += 1


async def _pause(town: Town, wait_s: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(town.stopping.wait(), wait_s)


async def _put_in(town: Town, jobs: int) -> list[str]:
    """As a backend does that does not give up: again, with the same id, until it is in."""
    note(f"{jobs} jobs, {RATE} a second")
    ids, began_s = [], time.monotonic()
    for number in range(jobs):
        await asyncio.sleep(max(0.0, began_s + number / RATE - time.monotonic()))
        fields = ask_fields("how many days?", userId=f"u-{number % 500}", role="protostar")
        options = {"attempts": 6, "backoff": {"type": "fixed", "delay": 300}}
        await _until_in(town, fields, options | {"jobId": fields["messageId"]})
        ids.append(fields["messageId"])
    return ids


async def _until_in(town: Town, fields: dict[str, Any], options: dict[str, Any]) -> None:
    while True:
        try:
            await town.desk.put(town.desk.queue, fields, opts=options)
        except (RedisError, OSError):
            await asyncio.sleep(0.2)
        else:
            return


async def _settled(town: Town, jobs: int) -> None:
    deadline_s = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline_s:
        with suppress(RedisError, OSError):
            counts = await _counts(town.desk)
            if counts["completed"] + counts["failed"] >= jobs:
                return
        await asyncio.sleep(1)
    raise BenchError(f"not all jobs have ended after {SETTLE_S:g} s: {await _counts(town.desk)}")


async def _counts(desk: Desk) -> dict[str, int]:
    bull = Queue(desk.queue, {"connection": desk.redis})
    states = ("wait", "active", "delayed", "completed", "failed")
    return {str(k): int(v) for k, v in (await bull.getJobCounts(*states)).items()}


async def _states(desk: Desk) -> dict[str, str]:
    redis = client(desk.redis_url, retries=8)
    states = {}
    for state in ("completed", "failed"):
        for job_id in await redis.zrange(f"bull:{desk.queue}:{state}", 0, -1):
            states[str(job_id)] = state
    await redis.aclose()
    return states


def _ends(desk: Desk, ids: list[str], states: dict[str, str]) -> dict[str, Value]:
    rows = {row["message_id"]: row for row in desk.rows("SELECT message_id, state FROM messages")}
    letters = {row["message_id"] for row in desk.rows("SELECT message_id FROM dead_letters")}
    answered = {key for key, row in rows.items() if row["state"] == "answered"}
    paid = desk.rows("SELECT coalesce(sum(answers), 0)::int AS n FROM usage_days")[0]["n"]
    for row in desk.rows("SELECT code, count(*) AS n FROM dead_letters GROUP BY code"):
        note(f"dead letters: {row['n']} {row['code']}")
    right = [
        key for key in ids
        if (key in answered and states.get(key) == "completed")
        or (key in letters and states.get(key) == "failed")
    ]  # fmt: skip
    return {
        "jobs": len(ids),
        "answered": len(answered),
        "dead_letters": len(letters),
        "lost": len(ids) - len(right),
        "doubled": len(answered & letters) + abs(paid - len(answered)),
    }


async def _recovery_s_max(redis_url: str, database: str, times: int) -> float:
    desk = Desk(redis_url, database)
    try:
        async with served() as endpoint:
            found = [await _recovery_s(desk, endpoint) for _ in range(times)]
    finally:
        await desk.close()
    note("recoveries: " + ", ".join(f"{one:.1f} s" for one in found))
    return max(found)


async def _recovery_s(desk: Desk, endpoint: Scripted) -> float:
    """The holder of a job is killed at a random moment of its lock; another is there already."""
    endpoint.asked.clear()
    endpoint.next.append(Does("hang"))
    async with AsyncExitStack() as first_stack:
        first: Process = await first_stack.enter_async_context(started(desk, endpoint.base_url))
        await desk.ask("how many days?")
        while not endpoint.asked:
            await asyncio.sleep(0.01)
        async with started(desk, endpoint.base_url):
            await asyncio.sleep(random.uniform(0, 3))
            killed_s = time.monotonic()
            await first.kill()
            while len(endpoint.asked) < 2:  # noqa: PLR2004 - the second is the other worker's
                await asyncio.sleep(0.01)
            return time.monotonic() - killed_s
