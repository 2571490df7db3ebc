"""What the gateway answers, and what its log says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import responses

from pyhelpers.deploy.gateway import Gateway, log_lines
from pyhelpers.deploy.model import Answer, Colour, GatewayFacts
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import Engine, MemoryHost, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BASE = "http://127.0.0.1:8081"
PROBE = f"{BASE}/-/probe/api/green/health/ready"
LIVE = f"{BASE}/-/live/api/health/ready"


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def gateway(**service: Any) -> Gateway:
    return Gateway(MemoryHost(), builders.gateway(), "api", builders.service(**service))


class TestItsFacts:
    def test_its_version_and_the_colour_of_each_service(self, web: responses.RequestsMock) -> None:
        services = {"api": "blue", "web": ""}
        web.get(f"{BASE}/-/gateway", json={"nginx": "1.30.6", "services": services})
        assert gateway().facts() == GatewayFacts("1.30.6", services)

    @pytest.mark.parametrize("body", ["", "<html>", "[]", '"x"', "null", '{"nginx": "1"}', "{}"])
    def test_another_program_on_its_port_is_no_gateway(
        self, web: responses.RequestsMock, body: str
    ) -> None:
        web.get(f"{BASE}/-/gateway", body=body)
        assert gateway().facts() is None

    @pytest.mark.parametrize("trouble", [requests.ConnectionError(), requests.ReadTimeout()])
    def test_one_that_does_not_answer_has_none(
        self, web: responses.RequestsMock, trouble: Exception
    ) -> None:
        web.get(f"{BASE}/-/gateway", body=trouble)
        assert gateway().facts() is None


HEADERS = {"X-Release": "v2", "X-Colour": "green", "X-Upstream-Addr": "172.18.0.21:3000"}


class TestAnAnswer:
    def test_it_names_release_address_and_colour(self, web: responses.RequestsMock) -> None:
        web.get(PROBE, headers=HEADERS, json={"consuming": False})
        assert gateway().probe(Colour.GREEN) == Answer(
            200, "v2", "172.18.0.21", "green", {"consuming": False}
        )

    def test_the_live_colour_is_asked_without_naming_one(self, web: responses.RequestsMock) -> None:
        web.get(LIVE, headers=HEADERS)
        assert gateway().live() == Answer(200, "v2", "172.18.0.21", "green")

    def test_another_ready_path_is_asked(self, web: responses.RequestsMock) -> None:
        web.get(f"{BASE}/-/probe/api/blue/up", status=204)
        assert gateway(ready={"path": "/up"}).probe(Colour.BLUE).status == 204

    @pytest.mark.parametrize(
        ("upstream", "address"),
        [
            ("172.18.0.4:3000", "172.18.0.4"),
            ("172.18.0.4:3000, 172.18.0.5:3000", "172.18.0.5"),
            ("[fd00::4]:3000", "[fd00::4]"),
            ("", ""),
            ("api_green", ""),
        ],
    )
    def test_the_address_is_the_last_that_nginx_tried(
        self, web: responses.RequestsMock, upstream: str, address: str
    ) -> None:
        web.get(PROBE, headers={"X-Upstream-Addr": upstream})
        assert gateway().probe(Colour.GREEN).address == address

    def test_a_header_of_another_name_names_the_release(self, web: responses.RequestsMock) -> None:
        web.get(PROBE, headers={"X-Version": "v2", "X-Release": "no"})
        asked = gateway(ready={"release_header": "X-Version"})
        assert asked.probe(Colour.GREEN).release == "v2"

    def test_without_such_a_header_nothing_names_it(self, web: responses.RequestsMock) -> None:
        web.get(PROBE, headers=HEADERS)
        assert gateway(ready={"release_header": None}).probe(Colour.GREEN).release == ""

    @pytest.mark.parametrize("body", ["", "ok", "[1]", "1", '"x"', '{"a"'])
    def test_a_body_that_is_no_object_is_none(self, web: responses.RequestsMock, body: str) -> None:
        web.get(PROBE, headers=HEADERS, body=body)
        assert gateway().probe(Colour.GREEN).body == {}

    def test_a_redirect_is_an_answer_and_not_followed(self, web: responses.RequestsMock) -> None:
        web.get(PROBE, status=302, headers={**HEADERS, "Location": "http://elsewhere.example/"})
        assert gateway().probe(Colour.GREEN).status == 302

    @pytest.mark.parametrize("trouble", [requests.ConnectionError, requests.ReadTimeout])
    def test_no_answer_is_an_answer_with_its_problem(
        self, web: responses.RequestsMock, trouble: type[Exception]
    ) -> None:
        web.get(LIVE, body=trouble())
        assert gateway().live() == Answer(0, "", "", "", problem=trouble.__name__)

    def test_a_new_connection_is_asked_to_be_closed(self, web: responses.RequestsMock) -> None:
        web.get(LIVE)
        gateway().live(new_connection=True)
        gateway().live()
        asked = [call.request.headers.get("Connection") for call in web.calls]
        assert asked == ["close", "keep-alive"]

    def test_a_proxy_of_the_laptop_does_not_stand_in_between(
        self, web: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
        web.get(LIVE)
        gateway().live()
        settings: Any = web.calls[0].request
        assert not settings.req_kwargs.get("proxies")


class Logs(Engine):
    def __init__(self, *entries: bytes) -> None:
        super().__init__()
        self.entries = entries

    def logs(self, container: str, **how: Any) -> Any:
        self.logs_asked.append((container, how))
        return lines_of(*self.entries)


class TestItsLog:
    def read(self, engine: Engine, until: float | None = None) -> Sequence[dict[str, Any]]:
        return list(log_lines(MemoryHost(engine), "gateway", since=5.0, tail=77, until=until))

    def test_lines_come_whole_however_they_are_chunked(self) -> None:
        engine = Logs(b'{"service": "api", "status": 200}', b'{"service": "web"}')
        assert self.read(engine) == [{"service": "api", "status": 200}, {"service": "web"}]

    def test_what_is_no_object_is_passed_over(self) -> None:
        engine = Logs(
            b"", b"2026/11/23 [error] x could not be resolved", b"[1]", b"\xff", b'{"a": 1}'
        )
        assert self.read(engine) == [{"a": 1}]

    def test_without_an_end_it_follows_from_the_given_time(self) -> None:
        engine = Logs()
        self.read(engine)
        ((container, how),) = engine.logs_asked
        assert container == "gateway"
        assert (how["stdout"], how["stderr"], how["follow"]) == (True, False, True)
        assert (how["since"], how["tail"]) == (5.0, 77)
        assert "until" not in how

    def test_with_an_end_it_does_not(self) -> None:
        engine = Logs()
        self.read(engine, until=9.0)
        assert engine.logs_asked[0][1]["follow"] is False
        assert engine.logs_asked[0][1]["until"] == 9.0
