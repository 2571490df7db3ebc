"""A worker as a process of its own: to be signalled, killed, and asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.worker.containers import free_port
from tests.worker.desk import KEY, KEY_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worker.desk import Desk

READY_S = 30.0


@dataclass
class Process:
    child: asyncio.subprocess.Process
    port: int
    http: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        async with self.http.get(f"http://127.0.0.1:{self.port}{path}") as response:
            return response.status, await response.json()

    async def report(self) -> dict[str, Any]:
        _, body = await self.get("/ready")
        found: dict[str, Any] = body["data"]
        return found

    async def ready(self) -> None:
        async with asyncio.timeout(READY_S):
            while True:
                try:
                    if (await self.get("/ready"))[0] == 200:
                        return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self.child.returncode is None:
            self.child.kill()
        await self.child.wait()


def environment(desk: Desk, port: int, base_url: str, **more: str) -> dict[str, str]:
    endpoint = {"name": "local", "base_url": base_url, "model": "m", "personal_data": True}
    told = {
        "PROTOSTAR_REDIS_URL": desk.redis_url,
        "PROTOSTAR_DATABASE_URL": desk.database_url,
        "PROTOSTAR_QUEUE": desk.queue,
        "PROTOSTAR_INGEST_QUEUE": desk.ingest_queue,
        "PROTOSTAR_SIGNING_KEYS": json.dumps({KEY_ID: KEY}),
        "PROTOSTAR_ENDPOINTS": json.dumps([endpoint]),
        "PROTOSTAR_PORT": str(port),
        "PROTOSTAR_RELEASE": "r-1",
    }
    return os.environ | told | more


@asynccontextmanager
async def started(desk: Desk, base_url: str, **more: str) -> AsyncIterator[Process]:
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "protostar_worker", "serve",
        env=environment(desk, port, base_url, **more),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with aiohttp.ClientSession() as http:
        process = Process(child, port, http)
        try:
            await process.ready()
            yield process
        finally:
            await process.kill()
