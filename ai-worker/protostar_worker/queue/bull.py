"""One BullMQ queue, as far as a worker needs it: take, finish, fail, put back, sweep.

The library's own Worker keeps one poll alive for each free slot, which costs 42 to 48 scripts a
job at concurrency 50, and answers late for it. So only its scripts are used here, with one take
at a time. Two connections: a blocked BZPOPMIN must not hold up the end of a job.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bullmq import Queue
from bullmq.backends import RedisBackend
from bullmq.custom_errors import UnrecoverableError
from bullmq.job import Job
from bullmq.redis_connection import RedisConnection
from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError as RedisAwayError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisSlowError

from protostar_worker.results import Unavailable

PREFIX = "bull"
CANCELLED_KEY = "protostar:cancelled"  # A set of job ids; the backend adds one to cancel it.
BLOCK_S = 2.0  # Longest wait for a job; a marker of the queue that got lost costs no more.
BLOCK_LEAST_S = 0.001
ANSWER_S = 5.0
STALLED_MOST = 1  # The second time a job's worker dies, the job is not tried again.


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that this worker holds the lock of."""

    job: Any  # bullmq's, which has no types
    token: str
    malformed: bool = False

    @property
    def id(self) -> str:
        return str(self.job.id)

    @property
    def identity(self) -> str:
        """The same at each redelivery, and never another job's: ids may count from 1 again."""
        return f"{self.id}@{self.enqueued_ms}"

    @property
    def attempts(self) -> int:
        return int(self.job.attemptsMade) + 1

    @property
    def data(self) -> Any:  # noqa: ANN401 - nothing is known of it
        return self.job.data

    @property
    def enqueued_ms(self) -> int:
        return int(self.job.timestamp)

    @property
    def is_last_attempt(self) -> bool:
        return self.attempts >= int(self.job.opts.get("attempts") or 1)

    async def progress(self, stage: str) -> None:
        """A hint for whoever watches: what is being done with it. Nothing depends on it."""
        with suppress(RedisError):
            await self.job.updateProgress({"stage": stage})

    @property
    def stalled_out(self) -> bool:
        return bool(self.job.deferredFailure)


class PackedConnection(Connection):
    """Commands become bytes in hiredis, which the library does only where it is not asynchronous.

    A token's command takes 5 µs in it, and 15 in Python.
    """

    _packer = HiredisRespSerializer()

    def pack_command(self, *args: Any) -> list[bytes]:  # noqa: ANN401 - as the library has it
        try:
            packed: list[bytes] = self._packer.pack(*args)
        except UnicodeEncodeError:  # half a character: the library replaces it, hiredis refuses
            return super().pack_command(*args)
        return packed


def client(url: str, *, retries: int = 0, answer_s: float | None = ANSWER_S) -> Redis:
    """A connection that waits for answers as long as it is told.

    The library's own 5 s are as long as a block, and an idle worker would reconnect with a
    back-off each time.
    """
    backoff = ExponentialBackoff(cap=0.5, base=0.02) if retries else NoBackoff()
    return Redis.from_url(
        url,
        connection_class=PackedConnection,
        decode_responses=True,
        encoding_errors="replace",  # a job of broken bytes must still get to its end
        retry=Retry(backoff, retries, supported_errors=(RedisAwayError, RedisSlowError)),
        socket_timeout=answer_s,
        socket_connect_timeout=ANSWER_S,
    )


class BullQueue:
    """The scripts of one queue. Every method may raise RedisError."""

    def __init__(self, url: str, name: str, lock_s: float) -> None:
        self.name = name
        self.lock_ms = round(lock_s * 1000)
        # A take is never repeated: one whose answer was lost would take a second job.
        self._taking = RedisBackend(name, RedisConnection(client(url)), prefix=PREFIX)
        self._blocking = client(url, answer_s=None)
        self._redis = client(url, retries=8)
        options = {"connection": self._redis, "prefix": PREFIX, "lockDuration": self.lock_ms}
        self._queue = Queue(name, options)
        self._marker = f"{PREFIX}:{name}:marker"
        self._due_ms = 0

    async def take(self, token: str) -> Taken | None:
        """The next job, locked for `token`; None when there is none that is due."""
        row = await self._taking.moveToActive(token, {"lockDuration": self.lock_ms})
        fields, job_id, _limit, due_ms = row or (None, None, 0, 0)
        self._due_ms = int(due_ms or 0)
        return self._taken(fields, str(job_id), token) if fields else None

    async def wait(self) -> None:
        """Until a job is put in, or one that was delayed is due, or BLOCK_S went by."""
        left_s = self._due_ms / 1000 - time.time() if self._due_ms else BLOCK_S
        found = await self._blocking.bzpopmin(
            self._marker, min(max(left_s, BLOCK_LEAST_S), BLOCK_S)
        )
        # The score is when a delayed job falls due; 0 is now.
        self._due_ms = int(found[2]) if found else 0

    @property
    def is_due(self) -> bool:
        return self._due_ms / 1000 <= time.time()

    async def hand_on(self) -> None:
        """Wake another worker: this one took the queue's marker and will not follow it."""
        await self._redis.zadd(self._marker, {"0": 0})

    async def finish(self, taken: Taken, value: dict[str, Any]) -> None:
        keep = taken.job.opts.get("removeOnComplete", False)
        await self._queue.backend.moveToCompleted(
            taken.job, value, keep, taken.token, fetch_next=False
        )

    async def fail(self, taken: Taken, reason: str, *, final: bool) -> None:
        """To the failed jobs, or, while attempts are left, back to the queue after its back-off."""
        error = UnrecoverableError(reason) if final else RuntimeError(reason)
        # The reason is for whoever reads the job; lines of this code are for the log.
        taken.job.opts["stackTraceLimit"] = 0
        await taken.job.moveToFailed(error, taken.token)

    async def put_back(self, taken: Taken, wait_s: float) -> None:
        """Later, and without an attempt used up."""
        await taken.job.moveToDelayed(round((time.time() + wait_s) * 1000), taken.token)

    async def is_cancelled(self, taken: Taken) -> bool:
        return bool(await self._redis.sismember(CANCELLED_KEY, taken.id))

    async def forget_cancelled(self, job_id: str) -> None:
        await self._redis.srem(CANCELLED_KEY, job_id)

    async def sweep_stalled(self, every_s: float) -> list[str]:
        """Put back jobs whose lock ran out. Of all workers one does it, each `every_s`."""
        found = await self._queue.backend.moveStalledJobsToWait(STALLED_MOST, round(every_s * 1000))
        return [str(job_id) for job_id in found]

    async def depth(self) -> dict[str, int]:
        found = await self._queue.getJobCounts("wait", "prioritized", "delayed", "active", "failed")
        return {str(state): int(count) for state, count in found.items()}

    async def oldest_s(self) -> float:
        """How long the job that is next has waited."""
        job_id = await self._redis.lindex(f"{PREFIX}:{self.name}:wait", -1)
        if job_id is None:
            return 0.0
        put_in: Any = await self._redis.hget(f"{PREFIX}:{self.name}:{job_id!s}", "timestamp")
        return max(0.0, time.time() - int(put_in) / 1000) if put_in else 0.0

    async def ping(self) -> None:
        try:
            await self._redis.ping()
        except RedisError as error:
            raise Unavailable(f"Redis: {type(error).__name__}") from error

    async def close(self) -> None:
        await self._taking.close()
        await self._blocking.aclose()
        await self._redis.aclose()

    def _taken(self, fields: dict[str, Any], job_id: str, token: str) -> Taken:
        try:
            return Taken(Job.fromJSON(self._queue, fields, job_id), token)
        except (ValueError, TypeError, AttributeError, RecursionError):
            # Held all the same: without an end it would come back as stalled, and again.
            readable = {**fields, "data": "null", "opts": json.dumps({"attempts": 1})}
            return Taken(Job.fromJSON(self._queue, readable, job_id), token, malformed=True)
