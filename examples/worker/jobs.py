"""The queue on Redis: what is taken is never out of reach, and done is said once.

Lists: `jobs` (producers push on the left, consumers take from the right), `jobs:processing:COLOUR`
(taken and not finished), `jobs:done` and `jobs:failed` ("id release" each).
"""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .consumer import QueueLostError

WAITING, DONE, FAILED = "jobs", "jobs:done", "jobs:failed"
BLOCK_S = 0.2  # How long one take waits for a job, and so the longest until a stop is noticed.
ANSWER_S = 5.0  # How long Redis may take to answer anything; longer than BLOCK_S.

# One step for Redis: the job leaves one list and enters the other, or nothing happens. A job that
# is no longer in the first list was settled before, and is not written a second time.
SETTLE = """
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
return redis.call('RPUSH', KEYS[2], ARGV[2])
"""


class RedisQueue:
    """The queue of one colour on a real Redis."""

    def __init__(self, url: str, colour: str, release: str) -> None:
        # No retries by the client: a take whose answer was lost would take a second job.
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
        )
        self._processing = f"{WAITING}:processing:{colour}"
        self._release = release
        self._settle = self._redis.register_script(SETTLE)

    async def take(self) -> str | None:
        # Spelt out: the client's own method is typed for whole seconds only.
        command = ("BLMOVE", WAITING, self._processing, "RIGHT", "LEFT", BLOCK_S)
        try:
            # The client has no types for this method.
            job: str | None = await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        except RedisError as error:
            raise QueueLostError(str(error)) from error
        return job

    async def give_back(self, job: str) -> None:
        await self._move(job, WAITING, job)

    async def give_back_all(self) -> None:
        try:
            while await self._redis.lmove(self._processing, WAITING, "LEFT", "RIGHT"):
                pass
        except RedisError as error:
            raise QueueLostError(str(error)) from error

    async def settle(self, job: str, *, succeeded: bool) -> None:
        await self._move(job, DONE if succeeded else FAILED, f"{job} {self._release}")

    async def close(self) -> None:
        await self._redis.aclose()

    async def _move(self, job: str, target: str, line: str) -> None:
        try:
            await self._settle(keys=[self._processing, target], args=[job, line])
        except RedisError as error:
            raise QueueLostError(str(error)) from error
