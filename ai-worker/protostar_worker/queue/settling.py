"""How a job that was taken comes to its end, whatever happens on the way."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from protostar_worker.results import (
    AttemptLostError,
    Failed,
    Problem,
    Refused,
    ResultCode,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from protostar_worker.queue.bull import BullQueue, Taken

log = logging.getLogger(__name__)

PUT_BACK_S = 1.0  # How long a job waits when a store was away.


class Graveyard(Protocol):
    """Where jobs end that got no answer."""

    async def bury(
        self, queue: str, taken: Taken, attempt: str, problem: Problem
    ) -> dict[str, Any] | None:
        """Keep it with its reason; or the result that an attempt before this one had kept."""


@dataclass(slots=True)
class Counts:
    done: int = 0
    failed: int = 0


class Settling:
    """One attempt at a job, and what follows from how it went."""

    def __init__(
        self,
        queue: BullQueue,
        job_s: float,
        handle: Callable[[Taken, str], Awaitable[dict[str, Any]]],
        graveyard: Graveyard,
    ) -> None:
        self._queue, self._job_s = queue, job_s
        self._handle, self._graveyard = handle, graveyard
        self.cancelled: set[str] = set()
        self.counts = Counts()
        self.on_end: Callable[[str, str], None] = lambda _queue, _outcome: None

    async def settle(self, taken: Taken, attempt: str) -> None:
        try:
            result = await self._attempt(taken, attempt)
        except Unavailable as problem:
            log.warning("job %s is put back: %s", taken.id, problem)
            await self._queue.put_back(taken, PUT_BACK_S)
        except Problem as problem:
            await self._settle_failure(taken, attempt, problem)
        else:
            await self._queue.finish(taken, result)
            self._count("done")

    async def _attempt(self, taken: Taken, attempt: str) -> dict[str, Any]:
        await self._check(taken)
        try:
            async with asyncio.timeout(self._job_s):
                return await self._handle(taken, attempt)
        except TimeoutError:
            raise Failed(ResultCode.MODEL_FAILED, "no answer in time") from None
        except asyncio.CancelledError:
            if taken.id not in self.cancelled:
                raise
            raise Refused(ResultCode.CANCELLED) from None
        except (Problem, AttemptLostError):
            raise
        except Exception as error:
            log.exception("job %s failed", taken.id)
            raise Failed(ResultCode.INTERNAL, type(error).__name__) from error

    async def _check(self, taken: Taken) -> None:
        if taken.malformed:
            raise Refused(ResultCode.INVALID_REQUEST, "the job is not JSON")
        if taken.stalled_out:
            raise Refused(ResultCode.STALLED)
        # While it waited nobody held it, so nobody was told.
        if await self._queue.is_cancelled(taken):
            self.cancelled.add(taken.id)
            raise Refused(ResultCode.CANCELLED)

    async def _settle_failure(self, taken: Taken, attempt: str, problem: Problem) -> None:
        if not (isinstance(problem, Refused) or taken.is_last_attempt):
            await self._queue.fail(taken, problem.reason, final=False)
            self._count("retried")
            return
        try:
            kept = await self._graveyard.bury(self._queue.name, taken, attempt, problem)
        except Unavailable:
            # Without its letter it may not end: it comes again when the database is back.
            await self._queue.put_back(taken, PUT_BACK_S)
            return
        await self._end(taken, problem, kept)

    async def _end(self, taken: Taken, problem: Problem, kept: dict[str, Any] | None) -> None:
        if kept is not None:
            await self._queue.finish(taken, kept)
            self._count("done")
        else:
            await self._queue.fail(taken, problem.reason, final=True)
            self._count(problem.code)
        await self._forget_cancelled(taken)

    async def _forget_cancelled(self, taken: Taken) -> None:
        if taken.id in self.cancelled:
            self.cancelled.discard(taken.id)
            await self._queue.forget_cancelled(taken.id)

    def _count(self, outcome: str) -> None:
        if outcome == "done":
            self.counts.done += 1
        elif outcome != "retried":
            self.counts.failed += 1
        self.on_end(self._queue.name, outcome)
