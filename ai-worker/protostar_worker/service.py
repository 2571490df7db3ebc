"""The process: HTTP and the consumers side by side, started and ended in the right order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING

import uvicorn

from protostar_worker.http.app import make_app
from protostar_worker.results import Problem
from protostar_worker.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from protostar_worker.queue.consumer import Consumer
    from protostar_worker.rag.index import Index
    from protostar_worker.settings import Settings

log = logging.getLogger(__name__)

PREPARE_AGAIN_S = 1.0
KEEP_ALIVE_S = 10  # Longer than the gateway's 2 s: the gateway closes first.


class Server(uvicorn.Server):
    """Without handlers of its own: on SIGTERM it would end HTTP first, and the consumer last."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Service:
    def __init__(self, world: World) -> None:
        self._world = world
        self._stopping = asyncio.Event()
        self.consumers: list[Consumer] = []
        self.waits_for = "starting"

    @property
    def settings(self) -> Settings:
        return self._world.settings

    @property
    def world(self) -> World:
        return self._world

    def stop(self) -> None:
        """Take no more jobs, at once. Everything else follows when the hands are empty."""
        for consumer in self.consumers:
            consumer.stop()
        self._stopping.set()

    async def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        server = Server(self._http())
        http = asyncio.create_task(server.serve())
        stopped = asyncio.create_task(self._stopping.wait())
        work = asyncio.create_task(self._work())
        await asyncio.wait((stopped, http, work), return_when=asyncio.FIRST_COMPLETED)
        self.stop()
        await self._hands_empty(work)
        server.should_exit = True
        await http
        await self._world.close()

    async def _work(self) -> None:
        index = await self._prepared()
        if index is None:
            return
        self.consumers = self._world.consumers(index)
        if self._stopping.is_set():
            return
        self.waits_for = ""
        log.info("taking jobs from %s", ", ".join(one.queue.name for one in self.consumers))
        await asyncio.gather(*(consumer.run() for consumer in self.consumers))

    async def _prepared(self) -> Index | None:
        while not self._stopping.is_set():
            try:
                return await self._world.prepare()
            except Problem as problem:
                self.waits_for = str(problem)
                log.warning("not ready: %s", problem)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), PREPARE_AGAIN_S)
        return None

    async def _hands_empty(self, work: asyncio.Task[None]) -> None:
        done, _ = await asyncio.wait((work,), timeout=self.settings.stop_s)
        if not done:
            log.warning("jobs are still in hand after %g s: left to others", self.settings.stop_s)
            for consumer in self.consumers:
                await consumer.abandon()
        await asyncio.gather(work, return_exceptions=True)
        for consumer in self.consumers:
            await consumer.queue.close()

    def _http(self) -> uvicorn.Config:
        return uvicorn.Config(
            make_app(self),
            host=self.settings.host,
            port=self.settings.port,
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            lifespan="off",
        )


async def serve(settings: Settings) -> None:
    await Service(await World.open(settings, settings.keys)).run()
