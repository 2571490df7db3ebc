"""Tokens on their way to the reader: a Redis stream for each message, resumable from any id.

Events are hints for whoever watches; the row in PostgreSQL is the truth. `start` says that what
came before it is void (a new attempt), `token` carries text, `end` and `problem` close it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

log = logging.getLogger(__name__)

KEPT_S = 3600
TRIES = 20
TRY_AGAIN_S = 0.25
BLOCK_MS = 1000
CLOSING = frozenset(("end", "problem"))


def stream_key(message_id: str) -> str:
    return f"protostar:answer:{message_id}"


class StreamWriter:
    """One writer for all answers: what comes in while a write is under way goes with the next."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pending: list[tuple[str, dict[str, str]]] = []
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        await self.flushed()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def add(self, message_id: str, event: str, data: dict[str, Any]) -> None:
        fields = {"event": event, "data": json.dumps(data, ensure_ascii=False)}
        self._pending.append((stream_key(message_id), fields))
        self._idle.clear()
        self._wake.set()

    async def flushed(self) -> None:
        await self._idle.wait()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._pending = self._pending, []
            await self._write(batch)
            if not self._pending:
                self._idle.set()

    async def _write(self, batch: list[tuple[str, dict[str, str]]]) -> None:
        for _ in range(TRIES):
            try:
                await self._written(batch)
            except (RedisError, OSError):
                await asyncio.sleep(TRY_AGAIN_S)
            else:
                return
        self.dropped += len(batch)
        log.warning("%d events of streams dropped: Redis is away", len(batch))

    async def _written(self, batch: list[tuple[str, dict[str, str]]]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for key, fields in batch:
            # In a pipeline a command is only noted, and sent by `execute`.
            pipe.execute_command("XADD", key, "*", *chain.from_iterable(fields.items()))
            if fields["event"] != "token":
                pipe.execute_command("EXPIRE", key, KEPT_S)
        await pipe.execute()


async def events_of(
    redis: Redis, message_id: str, after: str = "0"
) -> AsyncIterator[tuple[str, str, str]]:
    """(id, event, data) after an id, as they come; None of them is `token` after a closing one."""
    key = stream_key(message_id)
    while True:
        found = await redis.xread({key: after}, block=BLOCK_MS)
        if not found:
            yield after, "idle", ""
            continue
        for entry, fields in _entries(found):
            after = entry
            yield entry, fields["event"], fields["data"]
            if fields["event"] in CLOSING:
                return


def _entries(found: Any) -> list[tuple[str, dict[str, str]]]:  # noqa: ANN401 - two protocols
    entries = next(iter(found.values())) if isinstance(found, dict) else found[0][1]
    if entries and isinstance(entries[0], list) and entries[0] and isinstance(entries[0][0], tuple):
        entries = entries[0]
    return [(str(entry), dict(fields)) for entry, fields in entries]
