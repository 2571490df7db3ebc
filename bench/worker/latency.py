"""`worker-latency`: 50 jobs a second, and how long each waits to be picked up."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
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
    from bench.output import Value

FIGURES = (
    Figure("p50_ms", "put in → picked up, 50 jobs/s, 50 slots: median"),
    Figure("p99_ms", "the same, 99th percentile", most=15),
    Figure("share_of_stock", "of the library's own Python consumer's", most=0.35),
    Figure("stock_p99_ms", "that consumer, in the same run"),
    Figure("node_p99_ms", "BullMQ's consumer for Node, in the same run"),
    Figure("idle_cpu_percent", "of one core, the whole worker without a job", most=1),
    Figure("first_after_idle_ms", "the first job after 60 s without one, to its end", most=200),
    Figure("idle_rss_mb", "the whole worker before Korean text and any model", most=200),
    Figure("loaded_rss_mb", f"both processes, the analyser and a model {NAME}", most=1200),
    Figure("import_s", "python -c 'import protostar_worker.service'", most=2),
)
RATE, SLOTS, ROUND_S = 50, 50, 10
IDLE_S = 60
CONSUME = Path(__file__).resolve().parents[2] / "tests/worker/node/consume.mjs"


def measure(rounds: int | None) -> dict[str, Value]:
    with redis_running() as (_, redis), postgres_running() as (_, postgres):
        waits = asyncio.run(_all_waits(redis, rounds or 3))
        with database_on(postgres) as database:
            idle = asyncio.run(_idle(Desk(redis, database)))
        with database_on(postgres) as database:
            loaded = asyncio.run(_loaded_rss_mb(Desk(redis, database)))
    p99 = {kind: percentile(found, 99) for kind, found in waits.items()}
    return {
        "p50_ms": percentile(waits["ours"], 50),
        "p99_ms": p99["ours"],
        "share_of_stock": p99["ours"] / p99["stock"],
        "stock_p99_ms": p99["stock"],
        "node_p99_ms": p99["node"],
        "import_s": _import_s(),
        "loaded_rss_mb": loaded,
        **idle,
    }


async def _all_waits(url: str, rounds: int) -> dict[str, list[float]]:
    waits: dict[str, list[float]] = {"ours": [], "stock": [], "node": []}
    for number in range(rounds):
        for kind, found in waits.items():
            note(f"round {number + 1} of {rounds}: {kind}")
            found.extend(await _waits(kind, url, f"{kind}-{number}"))
    return waits


async def _waits(kind: str, url: str, queue: str) -> list[float]:
    consumer = await asyncio.create_subprocess_exec(
        *_argv(kind, url, queue), stdout=asyncio.subprocess.PIPE
    )
    await asyncio.sleep(2)
    await _produce(url, queue)
    await asyncio.sleep(0.5)
    consumer.terminate()
    out, _ = await consumer.communicate()
    found: list[float] = json.loads(out)
    if len(found) != RATE * ROUND_S:
        raise BenchError(f"{kind} got {len(found)} of {RATE * ROUND_S} jobs")
    return found


def _argv(kind: str, url: str, queue: str) -> list[str]:
    if kind == "node":
        return ["node", str(CONSUME), str(urlsplit(url).port), queue, str(SLOTS)]
    return [sys.executable, "-m", "bench.worker.consumers", kind, url, queue, str(SLOTS)]


async def _produce(url: str, queue: str) -> None:
    """At fixed times, whatever became of those before."""
    redis = client(url)
    bull, began_s = Queue(queue, {"connection": redis}), time.monotonic()
    for number in range(RATE * ROUND_S):
        await asyncio.sleep(max(0.0, began_s + number / RATE - time.monotonic()))
        await bull.add("ask", {"sent_ns": time.time_ns()}, {"removeOnComplete": True})
    await redis.aclose()


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
