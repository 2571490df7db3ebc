"""The loop that takes jobs: one take at a time, and as many in hand as there are slots."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from redis.exceptions import RedisError

from protostar_worker.queue.locks import LockKeeper
from protostar_worker.queue.marker import LOOK_S
from protostar_worker.queue.settling import Settling
from protostar_worker.results import AttemptLostError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from protostar_worker.queue.bull import BullQueue, Taken
    from protostar_worker.queue.marker import Marker
    from protostar_worker.queue.settling import Counts, Graveyard

log = logging.getLogger(__name__)

RECONNECT_S = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    slots: int
    lock_s: float
    stalled_check_s: float
    job_s: float


class Consumer:
    """Takes jobs until it is told to stop. A job that was taken is always brought to an end."""

    def __init__(
        self,
        queue: BullQueue,
        url: str,
        limits: Limits,
        marker: Marker,
        handle: Callable[[Taken, str], Awaitable[dict[str, Any]]],
        graveyard: Graveyard,
    ) -> None:
        self.queue, self._limits, self._marker = queue, limits, marker
        self._settling = Settling(queue, limits.job_s, handle, graveyard)
        self._keeper = LockKeeper(
            url, queue.name, limits.lock_s, self._from_thread_lost, self._from_thread_cancelled
        )
        self._slots = asyncio.Semaphore(limits.slots)
        self._stopping = asyncio.Event()
        # By token: a job that stalled may come back while its first attempt still goes on here.
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tokens: dict[str, str] = {}
        self._taking = 0
        self._id = uuid4().hex
        self.connected = False
        self.on_pickup: Callable[[str, float], None] = lambda _queue, _waited_s: None

    @property
    def counts(self) -> Counts:
        return self._settling.counts

    def on_end(self, heard: Callable[[str, str], None]) -> None:
        self._settling.on_end = heard

    @property
    def consuming(self) -> bool:
        return self.connected and self._may_take

    @property
    def in_flight(self) -> int:
        # A take that is on its way counts: who reads 0 after the switch can believe it.
        return len(self._running) + self._taking

    @property
    def _may_take(self) -> bool:
        return not self._stopping.is_set() and self._marker.is_here

    def stop(self) -> None:
        """No more takes; what is in hand goes on."""
        self._stopping.set()

    async def run(self) -> None:
        """Take and handle jobs; outlive a Redis that is away; end after stop()."""
        self._loop = asyncio.get_running_loop()
        self._keeper.start()
        sweeper = asyncio.create_task(self._sweep_for_ever())
        try:
            await self._take_until_stopped()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
        finally:
            sweeper.cancel()
            await asyncio.to_thread(self._keeper.stop)

    async def abandon(self) -> None:
        """Cut what is in hand. It stays locked, and stalls over to whoever lives."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _take_until_stopped(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.queue.ping()
                self.connected = True
                await self._take_while_connected()
            except (RedisError, OSError, Unavailable) as error:
                self.connected = False
                log.warning("the queue %s is away: %s", self.queue.name, type(error).__name__)
                await self._pause(RECONNECT_S)

    async def _take_while_connected(self) -> None:
        while not self._stopping.is_set():
            if not self._marker.is_here:
                await self._pause(LOOK_S)
                continue
            await self._slots.acquire()
            taken = await self._take_one()
            if taken is None:
                self._slots.release()
                if self._may_take:
                    await self._wait_for_work()

    async def _take_one(self) -> Taken | None:
        # Between this look and `_taking` nothing is awaited.
        if not self._may_take:
            return None
        self._taking = 1
        try:
            taken = await self.queue.take(f"{self._id}:{uuid4().hex}")
        except BaseException:
            self._slots.release()
            raise
        finally:
            self._taking = 0
        # Nothing is awaited since the answer came: it is in flight before anybody can look.
        if taken is not None:
            self._begin(taken)
        return taken

    async def _wait_for_work(self) -> None:
        waiting = asyncio.ensure_future(self.queue.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if waiting.done():
            waiting.result()
        else:
            waiting.cancel()
            with suppress(asyncio.CancelledError, RedisError, OSError):
                await waiting
        if not self._may_take:
            await self.queue.hand_on()

    def _begin(self, taken: Taken) -> None:
        self._keeper.hold(taken.id, taken.token)
        self.on_pickup(self.queue.name, time.time() - taken.enqueued_ms / 1000)
        task = asyncio.create_task(self._bring_to_an_end(taken))
        self._running[taken.token] = task
        self._tokens[taken.id] = taken.token
        task.add_done_callback(lambda _task: self._ended(taken))

    def _ended(self, taken: Taken) -> None:
        self._keeper.release(taken.id, taken.token)
        self._running.pop(taken.token, None)
        if self._tokens.get(taken.id) == taken.token:
            del self._tokens[taken.id]
        self._slots.release()

    async def _bring_to_an_end(self, taken: Taken) -> None:
        attempt = uuid4().hex
        try:
            await self._settling.settle(taken, attempt)
        except AttemptLostError:
            log.info("job %s: another attempt has it", taken.id)
        except asyncio.CancelledError:
            # Its lock is lost, or the worker ends: whoever holds the job next settles it.
            log.warning("job %s: given up here", taken.id)
        except Exception:
            # Not ended, so its lock runs out and it is tried again; the second time it is buried.
            log.exception("job %s could not be settled", taken.id)

    def _from_thread_lost(self, job_id: str) -> None:
        self._loop.call_soon_threadsafe(self._cut, job_id)

    def _from_thread_cancelled(self, job_id: str) -> None:
        self._loop.call_soon_threadsafe(self._cancel, job_id)

    def _cancel(self, job_id: str) -> None:
        if job_id not in self._settling.cancelled:
            self._settling.cancelled.add(job_id)
            self._cut(job_id)

    def _cut(self, job_id: str) -> None:
        if job_id in self._tokens:
            self._running[self._tokens[job_id]].cancel()

    async def _sweep_for_ever(self) -> None:
        while True:
            await self._pause(self._limits.stalled_check_s)
            if self._stopping.is_set():
                return
            try:
                for job_id in await self.queue.sweep_stalled(self._limits.stalled_check_s):
                    log.warning("job %s stalled: its worker is gone", job_id)
            except (RedisError, OSError) as error:
                log.warning("stalled jobs not swept: %s", type(error).__name__)

    async def _pause(self, wait_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait_s)
