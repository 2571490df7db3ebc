"""What each kind of request looks like, and which answers are right."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .events import Failure, Kind
    from .options import Options

DRIPS_PER_S = 10
DRIP = b"protostar" * 100


@dataclass(frozen=True)
class Recipe:
    """A request to write. `expect` are fields that the JSON of the answer must have."""

    method: str
    path: str
    body: bytes | None
    drips: int
    expect: dict[str, object]

    def content(self) -> bytes | AsyncIterator[bytes] | None:
        """The body; a dripping one has no length and so travels chunked."""
        return drip(self.drips) if self.drips else self.body


def recipe(kind: Kind, options: Options, order: str | None) -> Recipe:
    match kind:
        case "post":
            body = json.dumps({"id": order}).encode()
            return Recipe("POST", "/orders", body, 0, {"id": order})
        case "upload":
            drips = max(1, round(options.upload_s * DRIPS_PER_S))
            return Recipe("POST", "/upload", None, drips, {"length": drips * len(DRIP)})
        case "slow":
            return Recipe("GET", f"/slow?s={options.slow_s:g}", None, 0, {})
        case _:
            return Recipe("GET", "/", None, 0, {})


async def drip(drips: int) -> AsyncIterator[bytes]:
    """A body that comes as slowly as over a bad line."""
    for _ in range(drips):
        yield DRIP
        await asyncio.sleep(1 / DRIPS_PER_S)


def failure_of_answer(status: int, body: bytes, expect: dict[str, object]) -> Failure | None:
    """None for a right answer. A success with the wrong content is a failure too."""
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return "http_5xx"
    if status >= httpx.codes.BAD_REQUEST:
        return "http_4xx"
    if not httpx.codes.is_success(status) or not _has(body, expect):
        return "other"
    return None


def failure_of_error(error: Exception) -> Failure:
    match error:
        case TimeoutError() | httpx.TimeoutException():
            return "timeout"
        case httpx.ConnectError():
            return "refused"
        case httpx.RemoteProtocolError() | httpx.NetworkError():
            return "disconnected"
        case _:
            return "other"


def _has(body: bytes, expect: dict[str, object]) -> bool:
    if not expect:
        return True
    try:
        found = json.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and expect.items() <= found.items()
