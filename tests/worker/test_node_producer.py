"""The contract from the other side: BullMQ's own package for Node puts and reads."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.worker.desk import KEY, KEY_ID, ask_fields

if TYPE_CHECKING:
    from tests.worker.desk import Desk, Running

pytestmark = pytest.mark.anyio
PRODUCER = Path(__file__).with_name("node") / "produce.mjs"


async def produce(desk: Desk, *payloads: dict[str, Any], **opts: Any) -> list[dict[str, Any]]:
    told = {
        "port": urlsplit(desk.redis_url).port, "queue": desk.queue, "keyId": KEY_ID, "key": KEY,
        "payloads": payloads, "opts": opts,
    }  # fmt: skip
    node = await asyncio.create_subprocess_exec(
        "node", str(PRODUCER), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await node.communicate(json.dumps(told).encode())
    assert node.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


async def test_it_signs_puts_in_follows_the_progress_and_reads_the_answer(
    desk: Desk, worker: Running
) -> None:
    found = await produce(desk, ask_fields("연차는 며칠인가요? 😀 \u2028 \"'", messageId="m-1"))
    assert found[0]["id"] == "m-1"
    assert found[0]["stages"] == ["search", "model"]
    assert found[0]["value"]["text"] == "안녕하세요 [1]"


async def test_it_reads_why_a_job_was_refused(desk: Desk, worker: Running) -> None:
    found = await produce(desk, ask_fields("?", role="admin"), attempts=3)
    assert found[0]["reason"] == "UNKNOWN_ROLE: there is no role 'admin'"


async def test_many_jobs_are_each_answered(desk: Desk, worker: Running) -> None:
    found = await produce(desk, *(ask_fields(f"{n}?", userId=f"u-{n}") for n in range(50)))
    assert len({one["value"]["messageId"] for one in found}) == 50
