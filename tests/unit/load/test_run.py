"""Whole runs against servers that misbehave in one way each."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from bench.load.options import Options
from bench.load.run import Load

from .servers import Connection, Server, good, serving

if TYPE_CHECKING:
    from bench.load.events import Event
    from bench.load.report import Report

Answer = Callable[[Connection, bytes], Awaitable[None]]
STALL_S = 3600.0


def run(answer: Answer, **settings: float) -> tuple[Report, list[Event], Server]:
    """One run against a server that answers with `answer`."""

    async def both() -> tuple[Report, list[Event], Server]:
        async with serving(answer) as server:
            load = Load(Options(server.url, **settings))  # type: ignore[arg-type] # ints among them
            return await load.run(), load.events, server

    return asyncio.run(both())


async def stall(_connection: Connection, _request: bytes) -> None:
    await asyncio.sleep(STALL_S)


async def hang_up(_connection: Connection, _request: bytes) -> None:
    raise EOFError


class TestOpenLoop:
    def test_a_stalled_server_delays_no_request(self) -> None:
        report, events, server = run(stall, rate=100, seconds=1, timeout_s=4)
        assert len(server.seen) == 100
        assert report.failed_by == {"timeout": 100}
        # Each is given up after four seconds: behind each other they would be late by far.
        assert max(e.started_s - e.intended_s for e in events) < 4
        assert report.requests_per_s == pytest.approx(100, rel=0.01)

    def test_what_waits_behind_a_stall_shows_in_the_latency(self) -> None:
        opened: list[float] = []

        async def stall_for_half_a_second(connection: Connection, request: bytes) -> None:
            now_s = asyncio.get_running_loop().time()
            opened.append(now_s)
            await asyncio.sleep(max(0.0, opened[0] + 0.5 - now_s))
            await good(connection, request)

        report, _, _ = run(stall_for_half_a_second, rate=100, seconds=1)
        assert report.failed == 0
        # Half of the run was answered at 0.5 s: a closed loop would have shown a single slow one.
        assert report.latency_ms.p50 > 5
        assert report.latency_ms.max > 450


class TestNoRetry:
    @pytest.mark.parametrize("posts", [0, 1])
    def test_a_kept_connection_that_is_closed_without_an_answer_is_a_failure(
        self, posts: int
    ) -> None:
        left_without_answer: list[str] = []

        async def hang_up_on_the_second(connection: Connection, request: bytes) -> None:
            if connection.requests > 1:
                left_without_answer.append(request.decode())
                raise EOFError
            await good(connection, request)

        settings = {"rate": 40, "seconds": 0.5, "keepalive": 1, "users": 1}
        report, events, server = run(hang_up_on_the_second, posts=posts, **settings)
        broken = [e for e in events if e.failure]
        assert len(broken) == len(left_without_answer) > 0
        assert {(e.failure, e.reused) for e in broken} == {("disconnected", True)}
        assert len(server.seen) == report.requests == 20

    def test_a_fresh_connection_that_is_closed_without_an_answer_is_a_failure(self) -> None:
        report, events, server = run(hang_up, rate=100, seconds=0.2, keepalive=0)
        assert report.failed_by == {"disconnected": 20}
        assert not any(e.reused for e in events)
        assert len(server.seen) == 20

    def test_every_order_leaves_once_and_under_a_name_of_its_own(self) -> None:
        report, _, _ = run(hang_up, rate=100, seconds=0.2, posts=1)
        assert report.acknowledged == []
        assert len(set(report.unacknowledged)) == 20


class TestConnections:
    def test_a_share_of_1_reuses_one_connection_a_user(self) -> None:
        report, _, server = run(good, rate=40, seconds=0.5, keepalive=1, users=4)
        assert (server.connections, report.reused) == (4, 16)

    def test_a_share_of_0_opens_one_for_each_request_and_asks_to_close_it(self) -> None:
        asked: list[bytes] = []

        async def listen(connection: Connection, request: bytes) -> None:
            asked.append(request.lower())
            await good(connection, request)

        report, _, server = run(listen, rate=100, seconds=0.2, keepalive=0)
        assert (server.connections, report.reused) == (20, 0)
        assert all(b"connection: close" in request for request in asked)


class TestFailures:
    def test_nobody_listens(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            load = Load(Options(f"http://127.0.0.1:{free.getsockname()[1]}", rate=50, seconds=0.2))
            report = asyncio.run(load.run())
        assert report.failed_by == {"refused": 10}
        assert report.by_colour == {"none": 10}

    @pytest.mark.parametrize(
        ("status", "failure"),
        [
            ("500 Oh", "http_5xx"),
            ("503 Wait", "http_5xx"),
            ("404 No", "http_4xx"),
            ("302 Away", "other"),
        ],
    )
    def test_an_answer_that_is_no_success(self, status: str, failure: str) -> None:
        async def refuse(connection: Connection, _request: bytes) -> None:
            await connection.answer(status, b"", "X-Colour: green")

        report, _, _ = run(refuse, rate=25, seconds=0.2)
        assert report.failed_by == {failure: 5}
        assert report.by_colour == {"green": 5}

    def test_an_answer_that_breaks_off_tells_who_gave_it(self) -> None:
        async def break_off(connection: Connection, _request: bytes) -> None:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-Colour: blue\r\n\r\nhalf"
            connection.writer.write(head)
            await connection.writer.drain()
            await asyncio.sleep(0.05)
            raise EOFError

        report, _, _ = run(break_off, rate=25, seconds=0.2)
        assert report.failed_by == {"disconnected": 5}
        assert report.by_colour == {"blue": 5}

    def test_an_order_confirmed_under_another_name_is_not_acknowledged(self) -> None:
        async def mix_up(connection: Connection, _request: bytes) -> None:
            await connection.answer("201 Created", b'{"id": "someone else"}')

        report, _, _ = run(mix_up, rate=25, seconds=0.2, posts=1)
        assert report.failed_by == {"other": 5}
        assert report.acknowledged == []


class TestStop:
    def test_a_stopped_run_sends_no_more_and_waits_for_what_is_in_flight(self) -> None:
        async def take_time(connection: Connection, request: bytes) -> None:
            await asyncio.sleep(0.3)
            await good(connection, request)

        async def stop_early() -> Report:
            async with serving(take_time) as server:
                load = Load(Options(server.url, rate=50, seconds=60))
                asyncio.get_running_loop().call_later(0.5, load.stop)
                return await load.run()

        report = asyncio.run(stop_early())
        assert 15 < report.requests < 35
        assert report.failed == 0

    def test_a_request_that_cannot_be_noted_ends_the_run_instead_of_missing_from_it(self) -> None:
        def disk_full(_event: Event) -> None:
            raise OSError("no space left")

        async def both() -> None:
            async with serving(good) as server:
                await Load(Options(server.url, rate=20, seconds=60), disk_full).run()

        with pytest.raises(ExceptionGroup) as failed:
            asyncio.run(both())
        assert "no space left" in str(failed.value.exceptions[0])

    def test_each_event_is_told_as_it_ends(self) -> None:
        told: list[Event] = []

        async def listen() -> Load:
            async with serving(good) as server:
                load = Load(Options(server.url, rate=50, seconds=0.2), told.append)
                await load.run()
                return load

        assert asyncio.run(listen()).events == told
        assert len(told) == 10
