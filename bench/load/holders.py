"""WebSockets and event streams that are opened once and held, to see when they are cut."""

from __future__ import annotations

import time
from dataclasses import replace

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidMessage,
    InvalidStatus,
    WebSocketException,
)

from .events import Event, Failure, Held, Kind
from .options import SECONDS_MAX, Options
from .recipes import failure_of_answer, failure_of_error
from .sender import tls


class Line:
    """One connection that is held, from the attempt to its end."""

    def __init__(self, kind: Kind, options: Options) -> None:
        self.options = options
        self.started_s = time.time()
        self.held = Held(kind, opened_s=None)
        self.status: int | None = None
        self.failure: Failure | None = None

    async def hold(self) -> None:
        """Open it and read until it ends; cancelled when the run ends before that."""
        holder = hold_websocket if self.held.kind == "ws" else hold_stream
        try:
            await holder(self)
        except (OSError, httpx.HTTPError, WebSocketException) as error:
            self._broke(error)
        if self.held.opened_s is not None:
            self.held = replace(self.held, cut_s=time.time())

    def opened(self, status: int, colour: str | None, release: str | None) -> None:
        self.status = status
        self.held = replace(self.held, opened_s=time.time(), colour=colour, release=release)

    def heard(self) -> None:
        self.held = replace(self.held, messages=self.held.messages + 1)

    def event(self) -> Event:
        """The attempt to open it, as one request. What came after is in `held`."""
        finished_s = self.held.opened_s or time.time()
        who = (self.held.colour, self.held.release)
        event = Event(self.held.kind, self.started_s, self.started_s, finished_s, self.status, *who)
        return replace(event, failure=self.failure, detail=self.held.detail)

    def _broke(self, error: Exception) -> None:
        self.held = replace(self.held, detail=str(error) or type(error).__name__)
        if self.held.opened_s is None:
            self.failure, self.status = _why_not_opened(error)


async def hold_websocket(line: Line) -> None:
    url = line.options.url.replace("http", "ws", 1) + "/ws"
    async with connect(
        url, proxy=None, open_timeout=line.options.timeout_s, ping_interval=None, close_timeout=1
    ) as socket:
        _welcome(line, socket)
        try:
            while True:
                await socket.recv()
                line.heard()
        except ConnectionClosed as closed:
            line.held = replace(line.held, code=socket.close_code, detail=str(closed))


async def hold_stream(line: Line) -> None:
    url = f"{line.options.url}/stream?s={SECONDS_MAX:g}"
    timeout = httpx.Timeout(line.options.timeout_s)
    client = httpx.AsyncClient(timeout=timeout, trust_env=False, verify=tls(line.options.ca))
    async with client, client.stream("GET", url) as response:
        line.status, headers = response.status_code, response.headers
        line.failure = failure_of_answer(response.status_code, b"", {})
        if line.failure is not None:
            return
        line.opened(response.status_code, headers.get("X-Colour"), headers.get("X-Release"))
        async for text in response.aiter_lines():
            if text.startswith("data:"):
                line.heard()
        line.held = replace(line.held, detail="the stream ended")


def _welcome(line: Line, socket: ClientConnection) -> None:
    response = socket.response
    headers = response.headers if response else {}
    status = response.status_code if response else 101
    line.opened(status, headers.get("X-Colour"), headers.get("X-Release"))


def _why_not_opened(error: Exception) -> tuple[Failure, int | None]:
    match error:
        case InvalidStatus(response=response):
            status = response.status_code
            return failure_of_answer(status, b"", {}) or "other", status
        case TimeoutError():
            return "timeout", None
        case ConnectionResetError() | InvalidMessage():
            return "disconnected", None
        case OSError():
            return "refused", None
        case _:
            return failure_of_error(error), None
