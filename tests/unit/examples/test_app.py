"""The example application, as its users and the deploy meet it."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from .running import Running, running, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "examples.app"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Running]:
    settings = {"STORE": str(tmp_path / "orders.log"), "READY_AFTER_S": "0"}
    with running(APP, PROTOSTAR_RELEASE="r7", PROTOSTAR_COLOUR="blue", **settings) as app:
        yield app


class TestAnswers:
    @pytest.mark.parametrize("path", ["/", "/health/ready", "/health/live", "/no-such-page"])
    def test_every_answer_names_release_and_version(self, app: Running, path: str) -> None:
        headers = app.get(path).headers
        assert (headers["X-Release"], headers["X-App-Version"]) == ("r7", "1")

    def test_the_front_tells_what_serves(self, app: Running) -> None:
        front = app.get("/").json()
        assert (front["version"], front["release"], front["colour"]) == ("1", "r7", "blue")

    def test_an_order_is_stored_once_with_the_release_that_took_it(
        self, app: Running, tmp_path: Path
    ) -> None:
        answer = app.post("/orders", json={"id": "a-1"})
        assert (answer.status_code, answer.json()) == (201, {"id": "a-1"})
        assert (tmp_path / "orders.log").read_text() == "a-1 r7\n"
        assert app.get("/orders/count").json() == {"count": 1}

    def test_no_order_yet_is_a_count_of_0(self, app: Running) -> None:
        assert app.get("/orders/count").json() == {"count": 0}

    @pytest.mark.parametrize(
        "body", [b"", b"no json", b"[]", b"{}", b'{"id": 7}', b'{"id": ""}', b'{"id": "a\\nb"}']
    )
    def test_an_order_that_would_break_the_file_is_refused(self, app: Running, body: bytes) -> None:
        assert app.post("/orders", content=body).status_code == 400
        assert app.get("/orders/count").json() == {"count": 0}

    def test_an_upload_is_read_to_its_end(self, app: Running) -> None:
        parts = [b"x" * 70_000, b"y", b"z" * 30]
        answer = app.post("/upload", content=iter(parts)).json()
        whole = b"".join(parts)
        assert answer == {"length": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}

    def test_a_slow_answer_takes_as_long_as_was_asked(self, app: Running) -> None:
        before_s = time.monotonic()
        assert app.get("/slow?s=0.4").json() == {"slept_s": 0.4}
        assert 0.4 <= time.monotonic() - before_s < 2

    @pytest.mark.parametrize("seconds", ["61", "-1", "nan", "inf", "soon"])
    def test_a_slow_answer_is_bounded(self, app: Running, seconds: str) -> None:
        assert app.get(f"/slow?s={seconds}").status_code == 400

    def test_a_stream_sends_four_events_a_second(self, app: Running) -> None:
        answer = app.get("/stream?s=0.5")
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.text == "id: 0\ndata: r7\n\nid: 1\ndata: r7\n\n"

    def test_a_websocket_echoes_and_ticks(self, app: Running) -> None:
        with websocket(app) as socket:
            socket.send("hello")
            heard = {socket.recv(timeout=5), socket.recv(timeout=5)}
        assert heard == {"hello", '{"tick": 0, "release": "r7"}'}


def websocket(app: Running) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{app.port}/ws", proxy=None)


class TestVersions:
    def test_it_is_ready_after_the_time_it_was_given_and_not_before(self, tmp_path: Path) -> None:
        with running(APP, READY_AFTER_S="3", STORE=str(tmp_path / "o")) as app:
            early = app.get("/health/ready")
            before_s = time.monotonic()
            wait_until_ready(app)
            assert (early.status_code, early.json()["ready"]) == (503, False)
            assert "warming up" in early.json()["reason"]
            assert time.monotonic() - before_s < 4
            assert app.get("/health/ready").json() == {"ready": True, "release": "unreleased"}

    def test_versions_1_and_2_can_be_told_apart(self) -> None:
        with running(APP, APP_VERSION="1") as one, running(APP, APP_VERSION="2") as two:
            front_1, front_2 = one.get("/").json(), two.get("/").json()
        assert front_1["title"] != front_2["title"]
        assert front_1["paint"] != front_2["paint"]

    def test_version_3_lives_and_never_gets_ready(self) -> None:
        with running(APP, APP_VERSION="3", READY_AFTER_S="0") as app:
            time.sleep(0.3)
            ready = app.get("/health/ready")
            assert app.get("/health/live").status_code == 200
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert ready.json()["reason"] == "this version never gets ready"

    def test_version_4_answers_20_requests_and_then_500_but_stays_ready(self) -> None:
        with running(APP, APP_VERSION="4", READY_AFTER_S="0") as app:
            for _ in range(30):
                assert app.get("/health/ready").status_code == 200
            statuses = [app.get("/").status_code for _ in range(22)]
            late = app.post("/orders", json={"id": "a"})
            assert app.get("/health/ready").json()["ready"] is True
        assert statuses == [200] * 20 + [500] * 2
        assert late.status_code == 500
        assert late.headers["X-App-Version"] == "4"

    def test_a_version_that_is_not_in_the_table_behaves_well(self) -> None:
        with running(APP, APP_VERSION="2026.11", READY_AFTER_S="0") as app:
            assert app.get("/health/ready").status_code == 200
            assert app.get("/").json()["version"] == "2026.11"


class TestEnd:
    def test_a_request_in_flight_is_answered_and_the_exit_is_clean(self, app: Running) -> None:
        with ThreadPoolExecutor() as pool:
            slow = pool.submit(app.get, "/slow?s=1")
            time.sleep(0.3)
            app.terminate()
            assert slow.result().json() == {"slept_s": 1.0}
        assert app.exit_code() == 0

    def test_no_connection_is_taken_while_it_finishes(self, app: Running) -> None:
        with ThreadPoolExecutor() as pool:
            slow = pool.submit(app.get, "/slow?s=4")
            time.sleep(0.3)
            app.terminate()
            time.sleep(0.3)
            with pytest.raises(httpx.ConnectError):
                app.get("/")
            assert not slow.done()
            assert slow.result().status_code == 200

    def test_an_upload_in_flight_is_read_to_its_end(self, app: Running) -> None:
        sent = threading.Event()

        def body() -> Iterator[bytes]:
            yield b"first"
            sent.set()
            time.sleep(0.8)
            yield b"last"

        with ThreadPoolExecutor() as pool:
            upload = pool.submit(app.post, "/upload", content=body())
            assert sent.wait(5)
            time.sleep(0.2)
            app.terminate()
            assert upload.result().json()["length"] == len(b"firstlast")
        assert app.exit_code() == 0

    def test_websockets_are_told_that_it_is_going_away(self, app: Running) -> None:
        with websocket(app) as socket:
            socket.recv(timeout=5)
            app.terminate()
            for _ in socket:  # Ends with the connection.
                pass
            assert socket.close_code == 1001
        assert app.exit_code() == 0

    def test_what_takes_longer_than_it_may_is_cut(self) -> None:
        with running(APP, SHUTDOWN_S="0.5") as app, ThreadPoolExecutor() as pool:
            slow = pool.submit(app.get, "/slow?s=30")
            time.sleep(0.3)
            before_s = time.monotonic()
            app.terminate()
            assert app.exit_code() == 0
            assert time.monotonic() - before_s < 3
            with pytest.raises(httpx.RemoteProtocolError):
                slow.result()

    def test_an_idle_kept_connection_does_not_hold_it_up(self, app: Running) -> None:
        with httpx.Client(trust_env=False) as client:
            client.get(app.url)
            before_s = time.monotonic()
            app.terminate()
            assert app.exit_code() == 0
            assert time.monotonic() - before_s < 2


def test_two_colours_can_write_one_store_at_once(tmp_path: Path) -> None:
    store = str(tmp_path / "orders.log")

    async def post_many(*apps: Running) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            orders = ((app, number) for number in range(100) for app in apps)
            await asyncio.gather(
                *(client.post(f"{a.url}/orders", json={"id": f"{a.port}-{n}"}) for a, n in orders)
            )

    with (
        running(APP, STORE=store, PROTOSTAR_RELEASE="r1") as blue,
        running(APP, STORE=store, PROTOSTAR_RELEASE="r2") as green,
    ):
        asyncio.run(post_many(blue, green))
        expected = {f"{blue.port}-{n} r1" for n in range(100)}
        expected |= {f"{green.port}-{n} r2" for n in range(100)}
    lines = Path(store).read_text().splitlines()
    assert (len(lines), set(lines)) == (200, expected)
