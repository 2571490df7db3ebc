"""One question to one OpenAI-compatible endpoint, as a stream of pieces of text.

Without the vendor's client: what is used of it here is one POST and lines of JSON, and it costs
0.85 s of import and more time a token than all the rest of the way of a token.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from protostar_worker.settings import Endpoint

DATA, DONE = b"data:", b"data: [DONE]"
LINE_BYTES_MAX = 2**17
Messages = list[dict[str, str]]


class EndpointFailed(Exception):
    """It did not answer as it should; says how, and never repeats what it sent."""


@dataclass(slots=True)
class Spent:
    """What the endpoint counted; zeros until it says so, at the end of a stream."""

    tokens_in: int = 0
    tokens_out: int = 0


async def stream_chat(
    session: aiohttp.ClientSession,
    endpoint: Endpoint,
    messages: Messages,
    answer_tokens: int,
    spent: Spent,
) -> AsyncGenerator[str]:
    """Pieces as they come. An end without a reason for it is a failure, and so is an empty text."""
    try:
        async with (
            asyncio.timeout(endpoint.whole_s),
            _posted(session, endpoint, messages, answer_tokens) as response,
        ):
            _check_status(response)
            async for piece in _pieces(response, endpoint, spent):
                yield piece
    except TimeoutError:
        raise EndpointFailed("it took too long") from None
    except (aiohttp.ClientError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EndpointFailed(type(error).__name__) from None


def _posted(
    session: aiohttp.ClientSession, endpoint: Endpoint, messages: Messages, answer_tokens: int
) -> Any:  # noqa: ANN401 - a private type of the library
    key = endpoint.api_key
    return session.post(
        f"{endpoint.base_url.rstrip('/')}/chat/completions",
        json={
            "model": endpoint.model,
            "messages": messages,
            "max_tokens": answer_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        },
        headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else {},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=endpoint.connect_s),
    )


def _check_status(response: aiohttp.ClientResponse) -> None:
    if response.status != 200:  # noqa: PLR2004 - OK
        raise EndpointFailed(f"status {response.status}")


async def _pieces(
    response: aiohttp.ClientResponse, endpoint: Endpoint, spent: Spent
) -> AsyncGenerator[str]:
    rest, held, came, finished, over = b"", "", False, False, False
    while not over:
        async with asyncio.timeout(endpoint.between_tokens_s if came else endpoint.first_token_s):
            lines, rest, over = await _lines(response, rest)
        for event in filter(None, map(_event, lines)):
            _note_usage(event, spent)
            text, ended = _text(event)
            finished = finished or ended
            # Blanks at the start are held back: an answer of nothing else has not begun.
            held += text
            if held and (came or held.strip()):
                came = True
                yield held
                held = ""
    if not came:
        raise EndpointFailed("an empty answer")
    if not finished:
        raise EndpointFailed("it closed in the middle of its answer")


async def _lines(response: aiohttp.ClientResponse, rest: bytes) -> tuple[list[bytes], bytes, bool]:
    """All lines that have come, what there is of the next, and whether that was the end.

    One wait for what came together: a wait for each line is as dear as all else that is done with
    it, and half of the lines are empty.
    """
    chunk = await response.content.readany()
    lines = [line.strip() for line in (rest + chunk).split(b"\n")]
    rest = lines.pop() if chunk else b""
    if len(rest) > LINE_BYTES_MAX:
        raise EndpointFailed("a line without an end")
    if DONE in lines:
        return lines[: lines.index(DONE)], b"", True
    return lines, rest, not chunk


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(DATA):
        return None
    event = json.loads(line[len(DATA) :].decode())
    if not isinstance(event, dict):
        raise TypeError("an event is an object")
    if event.get("error"):
        raise EndpointFailed("an error in the stream")
    return event


def _text(event: dict[str, Any]) -> tuple[str, bool]:
    """The piece and whether it is the last. Content may be null, and choices empty or absent."""
    choices = event.get("choices") or []
    if not choices:
        return "", False
    delta = choices[0].get("delta") or {}
    return _kept(delta.get("content") or ""), bool(choices[0].get("finish_reason"))


def _kept(text: str) -> str:
    """Without what PostgreSQL cannot keep: NUL, and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _note_usage(event: dict[str, Any], spent: Spent) -> None:
    usage = event.get("usage") or {}
    spent.tokens_in = int(usage.get("prompt_tokens") or spent.tokens_in)
    spent.tokens_out = int(usage.get("completion_tokens") or spent.tokens_out)
