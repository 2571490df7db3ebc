"""A scripted endpoint in a process of its own: `python -m bench.worker.endpoint clock|rubbish`.

clock: tokens at a fixed pace, each the time at which it was sent. rubbish: mostly answers, and in
between every way of not answering. It prints its address.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web

from bench.engine import CHECKOUT
from tests.worker.scripted import Does, Scripted, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKENS, PACE_S = 75, 0.2
# Of 100 questions: most are answered, the rest each in a way of its own.
RUBBISH = (
    [Does()] * 82
    + [Does(status=429)] * 4
    + [Does(status=500)] * 4
    + [Does("garbage")] * 3
    + [Does("null")] * 2
    + [Does("cut")] * 3
    + [Does("hang")] * 2
)


class Clock(Scripted):
    async def chat(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        # Streams that begin together would send together for ever.
        await asyncio.sleep(random.uniform(0, PACE_S))
        for _ in range(TOKENS):
            text = f"{time.monotonic_ns()} "
            event = json.dumps({"choices": [{"delta": {"content": text}}]})
            await response.write(f"data: {event}\n\n".encode())
            await asyncio.sleep(PACE_S)
        end = json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        await response.write(f"data: {end}\n\ndata: [DONE]\n\n".encode())
        return response


class Rubbish(Scripted):
    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.always = random.choice(RUBBISH)
        self.asked.clear()
        return await super().chat(request)


async def main(kind: str) -> None:
    async with served(Clock() if kind == "clock" else Rubbish()) as scripted:
        print(scripted.base_url, flush=True)
        await asyncio.Event().wait()


@asynccontextmanager
async def endpoint_process(kind: str) -> AsyncIterator[str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.worker.endpoint", kind,
        cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None  # noqa: S101 - it was started with a pipe
    try:
        yield (await child.stdout.readline()).decode().strip()
    finally:
        child.kill()
        await child.wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
