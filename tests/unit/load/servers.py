"""Servers that misbehave in exactly one way each, on a free port of the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[["Connection"], Awaitable[None]]


@dataclass
class Connection:
    """One connection: `requests` counts those that came over it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: int = 0

    async def request(self) -> bytes:
        """The next request whole; EOFError when the client has gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            body = await self.reader.readexactly(_length(head))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise EOFError from None
        self.requests += 1
        return head + body

    async def answer(self, status: str, body: bytes, *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        self.writer.write("\r\n".join(lines).encode() + body)
        await self.writer.drain()


@dataclass
class Server:
    """`url` and what it saw: the first line of each request, in order."""

    url: str = ""
    seen: list[str] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def serving(answer: Callable[[Connection, bytes], Awaitable[None]]) -> AsyncIterator[Server]:
    """A server that calls `answer` for each request. It may answer, stall, or raise EOFError,
    which closes the connection there and then."""
    server, talks = Server(), set[asyncio.Task[None]]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())  # type: ignore[arg-type] # a handler always has a task
        server.connections += 1
        connection = Connection(reader, writer)
        try:
            while True:
                request = await connection.request()
                server.seen.append(request.split(b"\r\n", 1)[0].decode())
                await answer(connection, request)
        except (EOFError, ConnectionError, asyncio.CancelledError):
            writer.transport.abort()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


async def good(connection: Connection, request: bytes) -> None:
    """What the application answers, with the headers that the gateway adds."""
    headers = ("X-Colour: blue", "X-Release: r1")
    if request.startswith(b"POST"):
        await connection.answer("201 Created", request.split(b"\r\n\r\n", 1)[1], *headers)
    else:
        await connection.answer("200 OK", b"{}", *headers)
