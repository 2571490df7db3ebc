"""`worker-latency`: 50 jobs a second, and how long each waits to be picked up."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import uvloop
from bullmq import Queue

from bench.output import BenchError, Figure, note
from bench.worker.figures import percentile
from bench.worker.model import NAME, model_folder
from protostar_worker.queue.bull import client
from tests.worker.containers import database_on, postgres_running, redis_running
from tests.worker.desk import Desk
from tests.worker.processes import started
from tests.worker.scripted import served

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from bench.output import Value

FIGURES = (
    Figure("p50_ms", "put in → picked up, 50 jobs/s, 50 slots: median"),
    Figure("p99_ms", "the same, 99th percentile", most=15),
    Figure("share_of_stock", "of the library's own Python consumer's", most=0.35),
    Figure("stock_p99_ms", "that consumer, in the same run"),
    Figure("node_p99_ms", "BullMQ's consumer for Node, in the same run"),
    Figure("done_p99_ms", "put in → completed, 99th percentile"),
    Figure("done_share_of_stock", "of the library's own Python consumer's", most=0.35),
    Figure("stock_done_p99_ms", "the same of the library's own Python consumer"),
    Figure("node_done_p99_ms", "the same of BullMQ's consumer for Node"),
    Figure("scripts_a_job", "that Redis ran, with the one that puts it in"),
    Figure("stock_scripts_a_job", "the same with the library's own Python consumer"),
    Figure("idle_cpu_percent", "of one core, the whole worker without a job", most=1),
    Figure("first_after_idle_ms", "the first job after 60 s without one, to its end", most=200),
    Figure("idle_rss_mb", "the whole worker before Korean text and any model", most=200),
    Figure("loaded_rss_mb", f"both processes, the analyser and a model {NAME}", most=1200),
    Figure("import_s", "python -c 'import protostar_worker.service'", most=2),
)
RATE, SLOTS, ROUND_S = 50, 50, 10
IDLE_S = 60
CONSUME = Path(__file__).resolve().parents[2] / "tests/worker/node/consume.mjs"


@dataclass(frozen=True, slots=True)
class Round:
    picked_ms: list[float]
    done_ms: list[float]
    scripts_a_job: float


def measure(rounds: int | None) -> dict[str, Value]:
    with redis_running() as (redis, redis_url), postgres_running() as (postgres, postgres_url):
        stores = redis.direct(redis_url), postgres.direct(postgres_url)
        found = uvloop.run(_all_rounds(stores[0], rounds or 5))
        with database_on(stores[1]) as database:
            idle = asyncio.run(_idle(Desk(stores[0], database)))
        with database_on(stores[1]) as database:
            loaded = asyncio.run(_loaded_rss_mb(Desk(stores[0], database)))
    picked = {kind: _p99_ms(one.picked_ms for one in each) for kind, each in found.items()}
    done = {kind: _p99_ms(one.done_ms for one in each) for kind, each in found.items()}
    return {
        "p50_ms": median(percentile(one.picked_ms, 50) for one in found["ours"]),
        "p99_ms": picked["ours"],
        "share_of_stock": picked["ours"] / picked["stock"],
        "stock_p99_ms": picked["stock"],
        "node_p99_ms": picked["node"],
        "done_p99_ms": done["ours"],
        "done_share_of_stock": done["ours"] / done["stock"],
        "stock_done_p99_ms": done["stock"],
        "node_done_p99_ms": done["node"],
        "scripts_a_job": median(one.scripts_a_job for one in found["ours"]),
        "stock_scripts_a_job": median(one.scripts_a_job for one in found["stock"]),
        "import_s": _import_s(),
        "loaded_rss_mb": loaded,
        **idle,
    }


def _p99_ms(rounds: Iterable[list[float]]) -> float:
    """The median of the rounds: one that the machine disturbed is not what is shown."""
    return median(percentile(found, 99) for found in rounds)


async def _all_rounds(url: str, rounds: int) -> dict[str, list[Round]]:
    found: dict[str, list[Round]] = {"ours": [], "stock": [], "node": []}
    for number in range(rounds):
        for kind, each in found.items():
            note(f"round {number + 1} of {rounds}: {kind}")
            each.append(await _round(kind, url, f"{kind}-{number}"))
    return found


async def _round(kind: str, url: str, queue: str) -> Round:
    redis = client(url)
    consumer = await asyncio.create_subprocess_exec(
        *_argv(kind, url, queue), stdout=asyncio.subprocess.PIPE
    )
    await asyncio.sleep(2)
    scripts = await _scripts(redis)
    put_in = await _produce(redis, queue)
    await asyncio.sleep(0.5)
    scripts = await _scripts(redis) - scripts
    consumer.terminate()
    out, _ = await consumer.communicate()
    found = Round(json.loads(out), await _done_ms(redis, queue, put_in), scripts / len(put_in))
    await redis.aclose()
    if {len(found.picked_ms), len(found.done_ms)} != {RATE * ROUND_S}:
        raise BenchError(f"{kind} got {len(found.picked_ms)} of {RATE * ROUND_S} jobs")
    return found


def _argv(kind: str, url: str, queue: str) -> list[str]:
    if kind == "node":
        where = urlsplit(url)
        return ["node", str(CONSUME), str(where.hostname), str(where.port), queue, str(SLOTS)]
    return [sys.executable, "-m", "bench.worker.consumers", kind, url, queue, str(SLOTS)]


async def _produce(redis: Redis, queue: str) -> dict[str, float]:
    """At fixed times, whatever became of those before: when each was put in, in ms."""
    bull, began_s, put_in = Queue(queue, {"connection": redis}), time.monotonic(), {}
    for number in range(RATE * ROUND_S):
        await asyncio.sleep(max(0.0, began_s + number / RATE - time.monotonic()))
        sent_ns = time.time_ns()
        job = await bull.add("ask", {"sent_ns": sent_ns}, {"removeOnComplete": True})
        put_in[str(job.id)] = sent_ns / 1e6
    return put_in


async def _done_ms(redis: Redis, queue: str, put_in: dict[str, float]) -> list[float]:
    """By Redis's own clock, in whole milliseconds: the same for every consumer."""
    events: Any = await redis.xrange(f"bull:{queue}:events")
    return [
        int(entry.partition("-")[0]) - put_in[event["jobId"]]
        for entry, event in events if event["event"] == "completed"
    ]  # fmt: skip


async def _scripts(redis: Redis) -> int:
    found: Any = await redis.info("commandstats")
    return int(found.get("cmdstat_evalsha", {}).get("calls", 0))


async def _idle(desk: Desk) -> dict[str, float]:
    async with served() as endpoint, started(desk, endpoint.base_url) as worker:
        process = psutil.Process(worker.child.pid)
        rss_mb = process.memory_info().rss / 2**20
        # One answer, so that nothing is left to load; in English, so that the analyser stays out.
        await desk.ended("how many days?")
        note(f"{IDLE_S} s without a job")
        before = process.cpu_times()
        await asyncio.sleep(IDLE_S)
        after = process.cpu_times()
        began_s = time.monotonic()
        await desk.ended("how many days?")
        first_ms = (time.monotonic() - began_s) * 1000
        await desk.close()
    used_s = after.user + after.system - before.user - before.system
    return {
        "idle_cpu_percent": 100 * used_s / IDLE_S,
        "first_after_idle_ms": first_ms,
        "idle_rss_mb": rss_mb,
    }


async def _loaded_rss_mb(desk: Desk) -> float:
    with tempfile.TemporaryDirectory() as folder:
        embedder = json.dumps({"kind": "onnx", "folder": str(model_folder(Path(folder) / "model"))})
        told = {"PROTOSTAR_EMBEDDER": embedder, "PROTOSTAR_LOAD_AT_START": "true"}
        async with served() as endpoint, started(desk, endpoint.base_url, **told) as worker:
            text = "연차는 입사 후 일 년이 지나면 십오 일이 주어집니다. " * 500
            await desk.ingested(source={"text": text})
            await desk.ended("연차는 며칠인가요?")
            parent = psutil.Process(worker.child.pid)
            both = [parent, *parent.children(recursive=True)]
            found = sum(process.memory_info().rss for process in both) / 2**20
    await desk.close()
    return found


def _import_s() -> float:
    argv = [sys.executable, "-c", "import protostar_worker.service"]
    found = []
    for _ in range(3):
        began_s = time.monotonic()
        psutil.Popen(argv).wait()
        found.append(time.monotonic() - began_s)
    return min(found)
