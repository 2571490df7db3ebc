"""WebSockets and streams that are held: when they are cut, and by what."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.server import ServerConnection, serve

from bench.load.options import Options
from bench.load.run import Load

from .servers import Connection, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.http11 import Request, Response

    from bench.load.report import Report

RUN_S = 0.5
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Colour: green\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
STREAM_EVENT = b"9\r\ndata: r1\n\r\n"


def name_colour(_socket: ServerConnection, _request: Request, response: Response) -> Response:
    response.headers["X-Colour"] = "blue"
    return response


def hold_websockets(talk: Callable[[ServerConnection], Awaitable[None]], count: int = 1) -> Report:
    async def both() -> Report:
        async with serve(talk, "127.0.0.1", 0, process_response=name_colour) as server:
            url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            return await Load(Options(url, rate=0, seconds=RUN_S, websockets=count)).run()

    return asyncio.run(both())


def hold_one(
    answer: Callable[[Connection, bytes], Awaitable[None]], websockets: int = 0, streams: int = 0
) -> Report:
    async def both() -> Report:
        async with serving(answer) as server:
            options = Options(
                server.url, rate=0, seconds=RUN_S, websockets=websockets, streams=streams
            )
            return await Load(options).run()

    return asyncio.run(both())


class TestWebSockets:
    def test_one_that_lives_to_the_end_of_the_run_is_not_cut(self) -> None:
        async def tick(socket: ServerConnection) -> None:
            await socket.send("r1")
            await socket.wait_closed()

        report = hold_websockets(tick, count=3)
        assert [(h.cut_s, h.code, h.messages, h.colour) for h in report.held] == [
            (None, None, 1, "blue")
        ] * 3
        assert (report.requests, report.failed) == (3, 0)
        assert report.by_status == {"101": 3}

    def test_one_that_is_closed_tells_when_and_with_which_code(self) -> None:
        async def close(socket: ServerConnection) -> None:
            await asyncio.sleep(0.2)
            await socket.close(1001)

        before_s = time.time()
        report = hold_websockets(close)
        (held,) = report.held
        assert held.code == 1001
        assert held.cut_s is not None
        assert before_s + 0.2 <= held.cut_s < before_s + RUN_S
        assert report.failed == 0

    def test_one_that_is_torn_off_has_the_code_for_no_close_frame(self) -> None:
        async def tear_off(socket: ServerConnection) -> None:
            socket.transport.abort()

        (held,) = hold_websockets(tear_off).held
        assert held.cut_s is not None
        assert held.code == 1006

    def test_one_that_is_refused_is_a_failed_request(self) -> None:
        async def refuse(connection: Connection, _request: bytes) -> None:
            await connection.answer("503 Wait", b"")

        report = hold_one(refuse, websockets=1)
        (held,) = report.held
        assert held.opened_s is None
        assert held.detail
        assert report.failed_by == {"http_5xx": 1}
        assert report.by_status == {"503": 1}

    def test_one_whose_handshake_breaks_off_is_a_failed_request(self) -> None:
        async def hang_up(_connection: Connection, _request: bytes) -> None:
            raise EOFError

        assert hold_one(hang_up, websockets=1).failed_by == {"disconnected": 1}

    @pytest.mark.parametrize("kind", ["websockets", "streams"])
    def test_one_that_nobody_listens_for_is_a_failed_request(self, kind: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
            load = Load(replace(Options(url, rate=0, seconds=RUN_S), **{kind: 1}))  # type: ignore[arg-type] # whole numbers both
            assert asyncio.run(load.run()).failed_by == {"refused": 1}


class TestStreams:
    def test_one_that_lives_to_the_end_of_the_run_is_not_cut(self) -> None:
        async def go_on(connection: Connection, _request: bytes) -> None:
            connection.writer.write(STREAM_HEAD)
            while True:
                connection.writer.write(STREAM_EVENT)
                await asyncio.sleep(0.1)

        (held,) = hold_one(go_on, streams=1).held
        assert held.cut_s is None
        assert held.colour == "green"
        assert 3 <= held.messages <= 6

    @pytest.mark.parametrize(
        ("rest", "detail"), [(b"0\r\n\r\n", "the stream ended"), (b"", "incomplete chunked read")]
    )
    def test_one_that_ends_or_breaks_tells_when_and_how(self, rest: bytes, detail: str) -> None:
        async def end(connection: Connection, _request: bytes) -> None:
            connection.writer.write(STREAM_HEAD + STREAM_EVENT + rest)
            await connection.writer.drain()
            connection.writer.close()
            await connection.writer.wait_closed()
            raise EOFError

        report = hold_one(end, streams=1)
        (held,) = report.held
        assert held.cut_s is not None
        assert detail in (held.detail or "")
        assert held.messages == 1
        assert report.failed == 0

    def test_one_that_is_refused_is_a_failed_request(self) -> None:
        async def refuse(connection: Connection, _request: bytes) -> None:
            await connection.answer("404 No", b"")

        report = hold_one(refuse, streams=1)
        (held,) = report.held
        assert held.opened_s is None
        assert report.failed_by == {"http_4xx": 1}
