"""What the worker needs, looked at one by one; every defect with what mends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import psycopg

from protostar_worker.db.migrate import is_current
from protostar_worker.rag.embedders import DEVELOPMENT_SAYS
from protostar_worker.results import Problem
from protostar_worker.world import World

if TYPE_CHECKING:
    from protostar_worker.settings import Endpoint, Settings

ASK_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    defect: str = ""
    mend: str = ""
    note: str = ""

    @property
    def is_defect(self) -> bool:
        return bool(self.defect)

    @property
    def line(self) -> str:
        if self.defect:
            return f"✗ {self.what}: {self.defect}\n  Try: {self.mend}"
        return f"✓ {self.what}{': ' if self.note else ''}{self.note}"


async def examine(settings: Settings) -> list[Finding]:
    world = await World.open(settings, settings.keys)
    try:
        return [
            _keys(settings),
            await _redis(world),
            await asyncio.to_thread(_database, settings),
            await _embedder(world),
            *await asyncio.gather(*(_endpoint(world, one) for one in settings.endpoints)),
            *_no_endpoint(settings),
        ]
    finally:
        await world.close()


def _keys(settings: Settings) -> Finding:
    if not settings.signing_keys:
        return Finding("signing keys", "none", "set PROTOSTAR_SIGNING_KEYS, as the backend has it")
    return Finding("signing keys", note=", ".join(settings.signing_keys))


async def _redis(world: World) -> Finding:
    try:
        memory = await world.redis.info("memory")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return Finding("Redis", type(error).__name__, "is it there? PROTOSTAR_REDIS_URL")
    if memory.get("maxmemory_policy") != "noeviction":
        return Finding(
            "Redis", "it may evict jobs", "redis-cli config set maxmemory-policy noeviction"
        )
    return Finding("Redis")


def _database(settings: Settings) -> Finding:
    try:
        current = is_current(settings.database_url.get_secret_value())
    except psycopg.Error as error:
        return Finding("PostgreSQL", type(error).__name__, "is it there? PROTOSTAR_DATABASE_URL")
    if not current:
        return Finding(
            "PostgreSQL", "the schema is not current", "python -m protostar_worker migrate"
        )
    return Finding("PostgreSQL")


async def _embedder(world: World) -> Finding:
    try:
        await world.embedder.embed(["이것은 시험입니다"])
        space = await world.embedder.space()
    except Problem as problem:
        return Finding("embedder", problem.reason, "PROTOSTAR_EMBEDDER")
    is_development = world.embedder.kind == "development"
    return Finding("embedder", note=DEVELOPMENT_SAYS if is_development else space)


async def _endpoint(world: World, endpoint: Endpoint) -> Finding:
    what, key = f"endpoint {endpoint.name}", endpoint.api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    try:
        async with world.session.get(
            f"{endpoint.base_url.rstrip('/')}/models",
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=ASK_S),
        ) as response:
            if response.status in {401, 403}:
                return Finding(what, f"status {response.status}", "is its api_key right?")
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding(what, type(error).__name__, f"is its base_url right? {endpoint.base_url}")
    personal = "sees personal data" if endpoint.personal_data else "never sees personal data"
    return Finding(what, note=f"{endpoint.model}, {personal}")


def _no_endpoint(settings: Settings) -> list[Finding]:
    if any(endpoint.personal_data for endpoint in settings.endpoints):
        return []
    return [
        Finding(
            "endpoints", "none may see personal data, and questions are personal unless said",
            "PROTOSTAR_ENDPOINTS: personal_data on the one that you run yourself",
        )
    ]  # fmt: skip
