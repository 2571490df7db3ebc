"""Start the example, and end it well: `python3 -m app`."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys

from aiohttp import web

from .app import finish, make_app
from .settings import Settings

log = logging.getLogger("app")

KEEP_ALIVE_S = 10.0  # Longer than the gateway's 2 s: the gateway closes first, so no POST is reset.
CUT_S = 0.5  # What is not finished after SHUTDOWN_S is cut, and gets this long to notice.


async def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT; then take no new connection and finish what is in flight."""
    stop = asyncio.Event()
    # Process 1 of a container has no default signal handlers: without these SIGTERM is ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        make_app(settings),
        access_log=None,  # The gateway logs every request, with the colour beside it.
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=CUT_S,
    )
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port)
    await site.start()
    log.info("listening on %s:%d, release %s", settings.host, settings.port, settings.release)
    await stop.wait()
    await site.stop()
    await finish(runner.app)
    await runner.cleanup()
    log.info("stopped")


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    asyncio.run(serve(Settings.from_env(os.environ)))
    # At its end the interpreter would look through all objects for garbage.
    gc.freeze()
