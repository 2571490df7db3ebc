"""An OpenAI-compatible server that does what a test has told it: the worker has no stand-in."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USAGE = {"prompt_tokens": 100, "completion_tokens": 20}


@dataclass(frozen=True, slots=True)
class Does:
    """One answer. `way` is answer, status, hang, garbage, null, blank or cut."""

    way: str = "answer"
    tokens: tuple[str, ...] = ("안녕", "하세요", " [1]")
    status: int = 200
    before_s: float = 0.0
    between_s: float = 0.0
    usage: bool = True


@dataclass
class Scripted:
    """What comes next, then `always`; and what it was asked."""

    always: Does = Does()
    next: deque[Does] = field(default_factory=deque)
    asked: list[dict[str, Any]] = field(default_factory=list)
    embedded: list[list[str]] = field(default_factory=list)
    dimension: int = 8
    base_url: str = ""

    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json() | {"key": request.headers.get("Authorization")})
        does = self.next.popleft() if self.next else self.always
        await asyncio.sleep(does.before_s)
        if does.way == "hang":
            await asyncio.sleep(3600)
        if does.status != 200:
            return web.json_response({"error": {"message": "no"}}, status=does.status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await self._stream(response, does)
        return response

    async def _stream(self, response: web.StreamResponse, does: Does) -> None:
        if does.way == "garbage":
            await response.write(b"data: {not json\n\ndata: [DONE]\n\n")
            return
        if does.way == "null":
            await _send(response, {"choices": [{"delta": {"content": None}}]})
        for token in (
            does.tokens if does.way in {"answer", "cut"} else (" ",) * (does.way == "blank")
        ):
            sent = {"choices": [{"delta": {"content": token}}], "sent_ns": time.monotonic_ns()}
            await _send(response, sent)
            await asyncio.sleep(does.between_s)
        if does.way == "cut":
            return
        await _send(response, {"choices": [{"delta": {}, "finish_reason": "stop"}]})
        if does.usage:
            await _send(response, {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")

    async def embeddings(self, request: web.Request) -> web.Response:
        texts = (await request.json())["input"]
        self.embedded.append(texts)
        rows = [
            {"index": n, "embedding": [float(len(text) % 7 + 1)] * self.dimension}
            for n, text in enumerate(texts)
        ]
        return web.json_response({"data": rows[::-1]})

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response({"data": []})


@asynccontextmanager
async def served(
    scripted: Scripted | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Scripted]:
    scripted = scripted or Scripted()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", scripted.chat)
    app.router.add_post("/v1/embeddings", scripted.embeddings)
    app.router.add_get("/v1/models", scripted.models)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    scripted.base_url = f"http://{host}:{runner.addresses[0][1]}/v1"
    try:
        yield scripted
    finally:
        await runner.cleanup()


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
