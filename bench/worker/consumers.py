"""A consumer that does nothing but note when it got each job: ours, or the library's own.

`python -m bench.worker.consumers ours|stock URL QUEUE SLOTS`; SIGTERM makes it print the waits.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import uvloop
from bullmq import Worker

from protostar_worker.queue.bull import BullQueue, Taken
from protostar_worker.queue.consumer import Consumer, Limits
from protostar_worker.queue.marker import Marker

if TYPE_CHECKING:
    from protostar_worker.results import Problem

WAITS_MS: list[float] = []


class NoGrave:
    async def bury(self, _queue: str, _taken: Taken, _attempt: str, problem: Problem) -> None:
        raise problem


def note(data: dict[str, Any]) -> dict[str, Any]:
    WAITS_MS.append((time.time_ns() - data["sent_ns"]) / 1e6)
    return {}


async def ours(url: str, queue: str, slots: int, stop: asyncio.Event) -> None:
    async def handle(taken: Taken, _attempt: str) -> dict[str, Any]:
        return note(taken.data)

    limits = Limits(slots, 4.5, 2.5, 60)
    consumer = Consumer(BullQueue(url, queue, 4.5), url, limits, Marker(None), handle, NoGrave())
    work = asyncio.create_task(consumer.run())
    await stop.wait()
    consumer.stop()
    await work


async def stock(url: str, queue: str, slots: int, stop: asyncio.Event) -> None:
    async def handle(job: Any, _token: str) -> dict[str, Any]:
        return note(job.data)

    # As its own documents show it: the library's connections, and asyncio's own event loop.
    worker = Worker(queue, handle, {"connection": url, "concurrency": slots})
    await stop.wait()
    await worker.close()


async def main(kind: str, url: str, queue: str, slots: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await {"ours": ours, "stock": stock}[kind](url, queue, slots, stop)
    print(json.dumps(WAITS_MS), flush=True)


if __name__ == "__main__":
    run = uvloop.run if sys.argv[1] == "ours" else asyncio.run
    run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
