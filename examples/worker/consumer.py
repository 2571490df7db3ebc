"""The loop that takes jobs: one at a time, and only while the marker is there."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .settings import Settings

log = logging.getLogger("worker")

PAUSE_S = 0.05  # Between two looks at the marker, so a switch is noticed within that.
RECONNECT_S = 0.5


class QueueLostError(Exception):
    """Redis did not answer, or refused."""


class Queue(Protocol):
    """Where jobs come from. Every call may raise QueueLostError."""

    async def take(self) -> str | None:
        """Move the oldest job to this colour's processing list; None when none came in time."""

    async def give_back(self, job: str) -> None:
        """Put a taken job back, as the next one to be taken."""

    async def give_back_all(self) -> None:
        """Put back what this colour took and never finished. Never another colour's."""

    async def settle(self, job: str, *, succeeded: bool) -> None:
        """Say once that a taken job is done, or that it failed."""


class Consumer:
    """Takes jobs until it is told to stop. A job that was taken is always brought to an end."""

    def __init__(self, queue: Queue, settings: Settings) -> None:
        self._queue = queue
        self._settings = settings
        self._stopping = asyncio.Event()
        self.connected = False
        self.in_flight = 0
        self.done = 0
        self.failed = 0

    @property
    def consuming(self) -> bool:
        """Whether it takes jobs now. Looks at the disk each time: the marker is the truth."""
        marker = self._settings.marker
        able = self.connected and not self._stopping.is_set()
        return able and (marker is None or marker.exists())

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Take and handle jobs; outlive a Redis that is away; end after stop()."""
        while not self._stopping.is_set():
            try:
                # Nothing is in flight here. What lies in this colour's list was left by a crash
                # or a lost connection, and whoever is live may have it.
                await self._queue.give_back_all()
                self.connected = True
                await self._consume()
            except QueueLostError as error:
                self.connected = False
                log.warning("the queue is away: %s", error)
                await self._pause(RECONNECT_S)

    async def _consume(self) -> None:
        while not self._stopping.is_set():
            if self.consuming:
                await self._take_one()
            else:
                await self._pause(PAUSE_S)

    async def _take_one(self) -> None:
        job = await self._queue.take()
        if job is None:
            return
        # The marker may have gone while the take waited. From here to `in_flight` nothing is
        # awaited: who reads 0 after the switch can believe it.
        if not self.consuming:
            await self._queue.give_back(job)
            return
        self.in_flight = 1
        try:
            await self._handle(job)
        finally:
            self.in_flight = 0

    async def _handle(self, job: str) -> None:
        await asyncio.sleep(self._settings.work_s)
        succeeded = self._settings.behaviour.jobs_succeed
        await self._queue.settle(job, succeeded=succeeded)
        if succeeded:
            self.done += 1
        else:
            self.failed += 1

    async def _pause(self, wait_s: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), wait_s)
        except TimeoutError:
            return
