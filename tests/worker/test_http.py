"""Everything that HTTP says has one form."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from protostar_worker.http.app import make_app
from protostar_worker.http.limiter import WINDOW_S, Limiter
from protostar_worker.psych.questions import QUESTIONS, SIDES, score_of
from protostar_worker.results import ResultCode
from tests.worker.processes import started
from tests.worker.scripted import Does

if TYPE_CHECKING:
    import aiohttp

    from tests.worker.desk import Desk
    from tests.worker.scripted import Scripted

pytestmark = pytest.mark.anyio
ANSWERS = [5, 5, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3]


async def test_every_route_answers_in_the_envelope(desk: Desk, endpoint: Scripted) -> None:
    async with started(desk, endpoint.base_url, PROTOSTAR_PSYCH_TESTS_A_MINUTE="3") as worker:
        for path, status, code in (
            ("/live", 200, "OK"), ("/ready", 200, "OK"), ("/v1/psych-test", 200, "OK"),
            ("/nothing", 404, "NOT_FOUND"), ("/v1/chat/m-1/events", 404, "NOT_FOUND"),
        ):  # fmt: skip
            found, body = await worker.get(path)
            assert (found, body["resultCode"], set(body)) == (
                status, code, {"resultCode", "data", "message"},
            )  # fmt: skip
        url = f"http://127.0.0.1:{worker.port}/v1/psych-test"
        for sent, status, code in (
            ({"json": {"answers": ANSWERS}}, 200, "OK"),
            ({"json": {"answers": [1]}}, 422, "INVALID_REQUEST"),
            ({"json": {"answers": ["5"] * 12}}, 422, "INVALID_REQUEST"),
            ({"data": b"{broken"}, 422, "INVALID_REQUEST"),
            ({"data": b"x" * 70_000}, 413, "TOO_LARGE"),
            ({"json": {"answers": ANSWERS}}, 200, "OK"),
            ({"json": {"answers": ANSWERS}}, 200, "OK"),
            ({"json": {"answers": ANSWERS}}, 429, "TOO_MANY_REQUESTS"),
            ({"json": {"answers": ANSWERS}, "headers": {"X-Real-IP": "10.0.0.1"}}, 200, "OK"),
        ):
            headers = {"Content-Type": "application/json"} if "data" in sent else {}
            async with worker.http.post(url, **{"headers": headers} | sent) as response:
                body = await response.json()
                assert (response.status, body["resultCode"]) == (status, code)
        async with worker.http.put(url) as response:
            assert (response.status, (await response.json())["resultCode"]) == (
                405, "METHOD_NOT_ALLOWED",
            )  # fmt: skip
            assert response.headers["X-Release"] == "r-1"
        async with worker.http.get(f"http://127.0.0.1:{worker.port}/metrics") as response:
            text = await response.text()
        assert "protostar_queue_oldest_seconds" in text
        _, described = await worker.get("/openapi.json")
        assert "/v1/psych-test" in described["paths"]


async def test_the_reading_speaks_of_the_score_and_nothing_is_stored(
    desk: Desk, endpoint: Scripted
) -> None:
    async with started(desk, endpoint.base_url) as worker:
        url = f"http://127.0.0.1:{worker.port}/v1/psych-test"
        async with worker.http.post(url, json={"answers": ANSWERS}) as response:
            found = (await response.json())["data"]
        assert found["strongest"] == "explorer"
        assert found["sides"]["explorer"] == 100
        assert found["reading"] == "안녕하세요 [1]"
        assert "explorer" in endpoint.asked[0]["messages"][1]["content"]
        endpoint.always = Does(status=500)
        async with worker.http.post(url, json={"answers": ANSWERS}) as response:
            body = await response.json()
        assert (response.status, body["resultCode"]) == (502, "MODEL_FAILED")
        assert body["data"]["strongest"] == "explorer"
    assert desk.rows("SELECT * FROM users") == desk.rows("SELECT * FROM messages") == []


async def test_events_resume_where_the_reader_was(desk: Desk, endpoint: Scripted) -> None:
    async with started(desk, endpoint.base_url, PROTOSTAR_DEVELOPMENT="true") as worker:
        await desk.ended("how many?", fields={"messageId": "m-1"})
        url = f"http://127.0.0.1:{worker.port}/v1/chat/m-1/events"
        whole = await lines_of(worker.http, url)
        assert [line for line in whole if line.startswith("event")] == [
            "event: start", "event: token", "event: token", "event: token", "event: end",
        ]  # fmt: skip
        second = [line for line in whole if line.startswith("id: ")][1].removeprefix("id: ")
        rest = await lines_of(worker.http, url, {"Last-Event-ID": second})
        assert [line for line in rest if line.startswith("event")] == [
            "event: token", "event: token", "event: end",
        ]  # fmt: skip
        async with worker.http.get(url, headers={"Last-Event-ID": "$"}) as response:
            assert (await response.json())["resultCode"] == "INVALID_REQUEST"


async def lines_of(
    http: aiohttp.ClientSession, url: str, headers: dict[str, str] | None = None
) -> list[str]:
    async with http.get(url, headers=headers) as response:
        return (await response.text()).splitlines()


def test_an_error_of_the_code_is_an_envelope_without_its_words() -> None:
    service: Any = SimpleNamespace(
        settings=SimpleNamespace(development=False, psych_tests_a_minute=1, release="r")
    )
    app = make_app(service)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret")

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert answer.status_code == 500
    assert answer.json()["resultCode"] == ResultCode.INTERNAL
    assert "secret" not in answer.text


def test_a_score_runs_from_0_to_100_and_reversed_statements_count_the_other_way() -> None:
    best = [1 if question.reversed else 5 for question in QUESTIONS]
    assert set(score_of(best).sides.values()) == {100}
    assert set(score_of([6 - answer for answer in best]).sides.values()) == {0}
    assert set(score_of([3] * len(QUESTIONS)).sides) == set(SIDES)


def test_the_limit_is_for_each_address_and_a_minute() -> None:
    now = [0.0]
    limiter = Limiter(2, clock=lambda: now[0])
    assert [limiter.allows("a") for _ in range(3)] == [True, True, False]
    assert limiter.allows("b")
    now[0] = WINDOW_S
    assert limiter.allows("a")
    assert all(key != b"a" for key in limiter._windows)
