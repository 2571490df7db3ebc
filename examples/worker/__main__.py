"""Start the worker, and end it well: `python3 -m worker`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

from aiohttp import web

from .consumer import Consumer
from .health import make_app
from .jobs import RedisQueue
from .settings import Settings

log = logging.getLogger("worker")

KEEP_ALIVE_S = 10.0  # Longer than the gateway's 2 s: the gateway closes first.


async def work(settings: Settings) -> None:
    """Take jobs until SIGTERM or SIGINT; finish the job in flight; answer HTTP to the very end."""
    queue = RedisQueue(settings.redis_url, settings.colour, settings.release)
    consumer = Consumer(queue, settings)
    # Process 1 of a container has no default signal handlers: without these SIGTERM is ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, consumer.stop)
    runner = web.AppRunner(
        make_app(settings, consumer), access_log=None, keepalive_timeout=KEEP_ALIVE_S
    )
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port).start()
    log.info("listening on %s:%d, release %s", settings.host, settings.port, settings.release)
    await consumer.run()
    await runner.cleanup()
    await queue.close()
    log.info("stopped")


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    asyncio.run(work(Settings.from_env(os.environ)))
