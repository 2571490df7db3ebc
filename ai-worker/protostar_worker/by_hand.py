"""A question or a document by hand: the whole way of a job, through a queue of its own.

So `ask` needs no worker that runs, takes no job of one that does, and tries everything between
the signature and the return value.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bullmq import Queue

from protostar_worker.answer.stream import events_of
from protostar_worker.queue.bull import PREFIX, client
from protostar_worker.results import Failed, Refused, ResultCode
from protostar_worker.signing import sign
from protostar_worker.world import World

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from protostar_worker.queue.consumer import Consumer
    from protostar_worker.settings import Settings

KEY_ID = "by-hand"
VALID_S = 60
MEDIA = {
    ".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html",
    ".md": "markdown", ".txt": "text",
}  # fmt: skip


async def ask(settings: Settings, question: str, role: str, user: str, *, personal: bool) -> None:
    """Prints tokens as they come, then what they stand on."""
    message_id = f"by-hand-{uuid4().hex}"
    fields = {"kind": "ask", "message": question, "personal": personal}
    async with _hands(settings, "ask") as hands:
        await hands.put(fields | {"messageId": message_id, "userId": user, "role": role})
        async for _, event, data in events_of(hands.world.redis, message_id):
            _show(event, json.loads(data or "{}"))


async def ingest(settings: Settings, options: argparse.Namespace) -> None:
    media = MEDIA.get(options.file.suffix.lower())
    if media is None:
        raise Refused(ResultCode.INVALID_REQUEST, f"one of {', '.join(MEDIA)}")
    fields = {
        "kind": "ingest", "messageId": f"by-hand-{uuid4().hex}", "userId": "command-line",
        "role": "protostar", "documentId": options.id or options.file.stem.replace(" ", "-"),
        "title": options.title or options.file.stem, "media": media,
        "source": {"base64": base64.b64encode(options.file.read_bytes()).decode()},
        "visibleTo": options.visible_to, "ownerId": options.owner,
    }  # fmt: skip
    async with _hands(settings, "ingest") as hands:
        job = await hands.put(fields)
        print(json.dumps(await hands.result(job), ensure_ascii=False))


class Hands:
    def __init__(self, world: World, queue: Queue, key: bytes) -> None:
        self.world, self._queue, self._key = world, queue, key

    async def put(self, fields: dict[str, Any]) -> Any:  # noqa: ANN401 - bullmq has no types
        body = json.dumps(fields | {"expiresAt": round((time.time() + VALID_S) * 1000)})
        return await self._queue.add(fields["kind"], sign(body, KEY_ID, self._key), {"attempts": 1})

    async def result(self, job: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        while await job.getState() not in {"completed", "failed"}:  # noqa: ASYNC110 - events may get lost
            await asyncio.sleep(0.1)
        fields: Any = await self.world.redis.hgetall(f"{PREFIX}:{self._queue.name}:{job.id}")
        if "failedReason" in fields:
            code, _, why = fields["failedReason"].partition(": ")
            raise Refused(ResultCode(code), why)
        found: dict[str, Any] = json.loads(fields["returnvalue"])
        return found


@asynccontextmanager
async def _hands(settings: Settings, kind: str) -> AsyncIterator[Hands]:
    """A consumer of one queue that nobody else knows, with a key that nobody else has."""
    name, key = f"protostar-by-hand-{uuid4().hex}", secrets.token_bytes(32)
    world = await World.open(settings, {KEY_ID: key})
    redis = client(settings.redis_url.get_secret_value())
    queue = Queue(name, {"connection": redis, "prefix": PREFIX})
    try:
        consumer = await _consumer(world, name, kind)
        work = asyncio.create_task(consumer.run())
        try:
            yield Hands(world, queue, key)
        finally:
            consumer.stop()
            await work
            await consumer.queue.close()
            await queue.obliterate(force=True)
    finally:
        await redis.aclose()
        await world.close()


async def _consumer(world: World, name: str, kind: str) -> Consumer:
    index = await world.prepare()
    answering = world.asking(index)
    handle = answering.ask if kind == "ask" else world.documents(index).change
    return world.consumer(name, 1, handle, answering)


def _show(event: str, data: dict[str, Any]) -> None:
    if event == "token":
        print(data["text"], end="", flush=True)
    elif event == "end":
        print()
        for one in data["citations"]:
            print(f"[{one['number']}] {one['title']}, {one['heading'] or '–'}, {one['place']}")
        print(f"answered by {data['endpoint']} ({data['model']})", file=sys.stderr)
    elif event == "problem":
        print()
        raise Failed(ResultCode(data["resultCode"]), data["message"])
