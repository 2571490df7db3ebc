"""Send one request, once, and say what became of it.

The client is httpx. It never sends a request a second time: it only opens another connection
when it sees, before it writes anything, that an idle one was closed. The aiohttp client sends an
idempotent request again when a kept connection breaks under it, and nothing public turns that off;
a generator that did so would hide the very failures it is meant to count.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import ssl
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import httpx

from .events import Event
from .recipes import Recipe, failure_of_answer, failure_of_error, recipe

if TYPE_CHECKING:
    from .options import Options
    from .schedule import Arrival

# Below the gateway's usual 75 s: an idle connection is given up here before it is closed there.
IDLE_S = 30.0


@dataclass
class Line:
    """What httpx told about the connection while a request was sent."""

    opened: bool = False
    written_s: float | None = None

    async def trace(self, name: str, _info: object) -> None:
        if name == "connection.connect_tcp.started":
            self.opened = True
        elif name == "http11.send_request_headers.started":
            self.written_s = time.time()


class Sender:
    """Clients with kept connections that take turns, and one that opens one for each request."""

    def __init__(self, options: Options, run_id: str) -> None:
        self._options = options
        self._orders = (f"{run_id}-{number}" for number in itertools.count())
        self._fresh = _client(options, kept=0)
        self._users = [_client(options, kept=None) for _ in range(options.users)]
        self._turns = itertools.cycle(self._users)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for client in (self._fresh, *self._users):
            await self._open.enter_async_context(client)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._open.aclose()

    async def send(self, arrival: Arrival, intended_s: float) -> Event:
        """One attempt. It never raises but for cancellation: what goes wrong is in the event."""
        order = next(self._orders) if arrival.kind == "post" else None
        what = recipe(arrival.kind, self._options, order)
        started_s = time.time()
        event = Event(arrival.kind, intended_s, started_s, started_s, order=order)
        line = Line()
        client = next(self._turns) if arrival.kept_alive else self._fresh
        how = {"Connection": "keep-alive" if arrival.kept_alive else "close"}
        request = _request(client, what, line, how, self._options.name)
        try:
            async with asyncio.timeout(self._options.timeout_s):
                event = await self._answer(event, client, request, what)
        except Exception as error:  # noqa: BLE001 - any failure is an observation here
            event = _failed(event, error)
        return replace(
            event,
            started_s=line.written_s or started_s,
            finished_s=time.time(),
            reused=line.written_s is not None and not line.opened,
        )

    async def _answer(
        self, event: Event, client: httpx.AsyncClient, request: httpx.Request, what: Recipe
    ) -> Event:
        response = await client.send(request, stream=True)
        event = replace(
            event,
            status=response.status_code,
            colour=response.headers.get("X-Colour"),
            release=response.headers.get("X-Release"),
        )
        try:
            body = await response.aread()
        except httpx.HTTPError as error:
            # The head had come, so who answered is known though the answer is not whole.
            return _failed(event, error)
        finally:
            await response.aclose()
        return replace(event, failure=failure_of_answer(event.status or 0, body, what.expect))


@functools.cache
def tls(ca: str = "") -> ssl.SSLContext:
    """One for all: it takes 15 ms to make, and a late request to make one for each client."""
    return ssl.create_default_context(cafile=ca or None)


def _client(options: Options, kept: int | None) -> httpx.AsyncClient:
    # Without a bound on connections, as a rule: a client that waits for a free one is not quite
    # open-loop. Over TLS there is need of one: where a server closes all at once, as in a reload,
    # this process would shake hands for each request that is due, and be late for the next.
    limits = httpx.Limits(
        max_connections=options.connections or None,
        max_keepalive_connections=kept,
        keepalive_expiry=IDLE_S,
    )
    transport = httpx.AsyncHTTPTransport(
        verify=tls(options.ca), trust_env=False, limits=limits, retries=0
    )
    # One time-out for the whole request is set around it; httpx would time each read by itself.
    return httpx.AsyncClient(
        base_url=options.url,
        transport=transport,
        timeout=None,  # noqa: S113 - see above
        trust_env=False,
    )


def _request(
    client: httpx.AsyncClient, what: Recipe, line: Line, headers: dict[str, str], name: str
) -> httpx.Request:
    """`name`: for TLS and Host, where the address is not it."""
    return client.build_request(
        what.method,
        what.path,
        content=what.content(),
        headers={**headers, "Host": name} if name else headers,
        extensions={"trace": line.trace, **({"sni_hostname": name} if name else {})},
    )


def _failed(event: Event, error: Exception) -> Event:
    detail = str(error) or type(error).__name__
    return replace(event, failure=failure_of_error(error), detail=detail)
