"""The backend's side of the queue: signs, puts in, waits for the end; and the worker's settings."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from bullmq import Queue
from psycopg.rows import dict_row
from pydantic import SecretStr

from protostar_worker.queue.bull import client
from protostar_worker.settings import Endpoint, Settings
from protostar_worker.signing import sign
from protostar_worker.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from protostar_worker.queue.consumer import Consumer
    from protostar_worker.rag.analyst import Analyst
    from protostar_worker.rag.index import Index

KEY_ID, KEY = "2026-11", "a key of the tests, long enough to count"
ENDS_S = 20.0


@dataclass(frozen=True, slots=True)
class End:
    """How a job ended: its state in the queue, its value, or its reason."""

    state: str
    value: dict[str, Any] | None
    reason: str


@dataclass
class Desk:
    redis_url: str
    database_url: str
    queue: str = field(default_factory=lambda: f"ai-{uuid4().hex[:8]}")
    redis: Redis = field(init=False, repr=False)
    # Kept: making one costs six times as much as putting a job in.
    _queues: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.redis = client(self.redis_url, retries=8)

    @property
    def ingest_queue(self) -> str:
        return f"{self.queue}-ingest"

    async def ask(self, message: str = "연차는 며칠인가요?", **options: Any) -> Any:
        """Fields of the payload by name; `opts` are BullMQ's, `data` replaces what is signed."""
        return await self.put(
            self.queue, ask_fields(message) | options.pop("fields", {}), **options
        )

    async def document(self, **fields: Any) -> Any:
        return await self.put(self.ingest_queue, document_fields(**fields))

    async def put(
        self, queue: str, fields: dict[str, Any], *, data: Any = None, opts: Any = None
    ) -> Any:
        signed = sign(json.dumps(fields, ensure_ascii=False), KEY_ID, KEY.encode())
        bull = self._queues.get(queue) or Queue(queue, {"connection": self.redis})
        self._queues[queue] = bull
        return await bull.add(fields["kind"], signed if data is None else data, dict(opts or {}))

    async def end(self, job: Any, within_s: float = ENDS_S) -> End:
        async with asyncio.timeout(within_s):
            while (state := await job.getState()) not in {"completed", "failed"}:
                await asyncio.sleep(0.02)
        key = f"bull:{job.queue.name}:{job.id}"
        raw: Any = await self.redis.hgetall(key)
        value = json.loads(raw["returnvalue"]) if "returnvalue" in raw else None
        return End(state, value, raw.get("failedReason", ""))

    async def ended(self, message: str = "연차는 며칠인가요?", **options: Any) -> End:
        return await self.end(await self.ask(message, **options))

    async def ingested(self, **fields: Any) -> End:
        return await self.end(await self.document(**fields))

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(query, parameters).fetchall()

    def settings(self, *endpoints: Endpoint, **more: Any) -> Settings:
        fixed: dict[str, Any] = {
            "redis_url": SecretStr(self.redis_url),
            "database_url": SecretStr(self.database_url),
            "queue": self.queue,
            "ingest_queue": self.ingest_queue,
            "endpoints": endpoints,
            "signing_keys": {KEY_ID: SecretStr(KEY)},
        }
        return Settings(**fixed | more)

    async def close(self) -> None:
        await self.redis.aclose()


def ask_fields(message: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "ask", "messageId": f"m-{uuid4().hex}", "userId": "u-1", "role": "stargazer",
        "message": message, "expiresAt": now_ms() + 60_000,
    } | more  # fmt: skip


def document_fields(**more: Any) -> dict[str, Any]:
    return {
        "kind": "ingest", "messageId": f"m-{uuid4().hex}", "userId": "u-admin",
        "role": "protostar", "documentId": "leave", "title": "휴가 규정", "media": "markdown",
        "source": {"text": "# 휴가\n\n연차는 십오 일입니다."}, "visibleTo": "guest",
        "expiresAt": now_ms() + 60_000,
    } | more  # fmt: skip


def now_ms() -> int:
    return round(time.time() * 1000)


@dataclass(repr=False)
class Running:
    """A worker in this process."""

    world: World
    index: Index
    consumers: list[Consumer]


@asynccontextmanager
async def running(settings: Settings, analyst: Analyst | None = None) -> AsyncIterator[Running]:
    world = await World.open(settings, settings.keys, analyst)
    try:
        index = await world.prepare()
        consumers = world.consumers(index)
        work = [asyncio.create_task(consumer.run()) for consumer in consumers]
        try:
            yield Running(world, index, consumers)
        finally:
            for consumer in consumers:
                consumer.stop()
                await consumer.abandon()
            await asyncio.gather(*work)
            for consumer in consumers:
                await consumer.queue.close()
    finally:
        await world.close()
