"""Path B on real servers: admin → proxy 443 → ops-nginx 8888, where TLS ends."""

from __future__ import annotations

import re
import ssl
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.engine import docker
from tests.e2e.colours import wait_until

from .files import GRAFANA, S3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .client import Client
    from .installation import Installation

pytestmark = pytest.mark.e2e

HSTS = "max-age=63072000"
FORGED = "6.6.6.6"
# nginx asks for the home's address every five seconds or so.
MOVED_S = 20.0
CLOSED = re.compile("EOF|reset")


@pytest.fixture
def straight(at: Installation, grafana: Client) -> Client:
    """Somebody who is not the proxy, at the port behind it."""
    return replace(grafana, address=at.centre, port=8888)


class TestTheClientsAddress:
    def test_reaches_the_tool(self, at: Installation, grafana: Client) -> None:
        told, client = grafana.get().json(), at.address("wan", 1)
        assert (told["X-Forwarded-For"], told["X-Real-IP"]) == (client, client)
        assert told["Host"] == GRAFANA

    def test_cannot_be_forged_in_a_header(self, grafana: Client) -> None:
        forged = {"X_Forwarded_For": FORGED, "X_Real_IP": FORGED, "Forwarded": f"for={FORGED}"}
        assert FORGED not in grafana.get(**forged).text

    def test_cannot_be_forged_by_the_proxy_protocol(self, grafana: Client) -> None:
        """The proxy takes it for what it is: no TLS, so nobody's."""
        header = f"PROXY TCP4 {FORGED} {FORGED} 1 443\r\n".encode()
        with pytest.raises(OSError, match=CLOSED):
            grafana.answer_over_tls(header)

    def test_decides_who_may(self, at: Installation) -> None:
        """A machine that may connect to the proxy, and is no admin's."""
        argv = ["openssl", "s_client", "-quiet", "-connect", f"{at.proxy}:443"]
        asked = f"GET / HTTP/1.0\r\nHost: {GRAFANA}\r\n\r\n"
        told = at.inside("centre", *argv, "-servername", GRAFANA, stdin=asked).stdout
        assert "HTTP/1.1 403 " in told
        assert f"Strict-Transport-Security: {HSTS}" in told


class TestTls:
    """Centre's, as it is met through the proxy."""

    @pytest.mark.parametrize(
        ("options", "alert"),
        [
            (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), 70),
            (("-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"), 40),
        ],
        ids=["an old version", "a weak suite"],
    )
    def test_refuses(self, at: Installation, options: tuple[str, ...], alert: int) -> None:
        told = at.handshake("centre", f"{at.proxy}:443", *options, name=GRAFANA)
        assert f"alert number {alert}" in told

    def test_exchanges_keys_in_a_hybrid_way(self, at: Installation) -> None:
        told = at.handshake("centre", f"{at.proxy}:443", name=GRAFANA)
        assert "group: X25519MLKEM768" in told


class TestPort8888:
    def test_is_closed_without_a_proxy_header(self, straight: Client) -> None:
        with pytest.raises(OSError, match=CLOSED):
            straight.answer_over_tls()

    @pytest.mark.parametrize("host", [GRAFANA, "other.test"])
    @pytest.mark.parametrize("claimed", [1, 2])
    def test_answers_nobody_but_the_proxy(
        self, at: Installation, straight: Client, claimed: int, host: str
    ) -> None:
        """Whoever it says that it is: an admin, or the proxy itself."""
        address = at.address("wan", claimed)
        header = f"PROXY TCP4 {address} {at.centre} 1 8888\r\n".encode()
        assert straight.answer_over_tls(header, host) == b""

    def test_knows_its_names_only(self, at: Installation, straight: Client) -> None:
        """Even if the proxy let another one through."""
        header = f"PROXY TCP4 {at.proxy} {at.centre} 1 8888\r\n".encode()
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
            straight.by_name("other.test").answer_over_tls(header)


class TestTheProxy:
    @pytest.mark.parametrize("name", ["other.test", f"x.{GRAFANA}"])
    def test_closes_on_an_unknown_name(self, grafana: Client, name: str) -> None:
        with pytest.raises(OSError, match=CLOSED):
            grafana.by_name(name).answer_over_tls()

    def test_says_nothing_of_a_stranger_in_its_error_log(
        self, at: Installation, grafana: Client
    ) -> None:
        with pytest.raises(OSError, match=CLOSED):
            grafana.by_name("stranger.test").answer_over_tls()
        logs = ["docker", "logs", at.name("proxy")]
        told = subprocess.run(logs, capture_output=True, text=True, check=True, timeout=30)
        assert '"name":"stranger.test","upstream":""' in told.stdout
        assert "upstream" not in told.stderr

    def test_closes_on_what_is_no_tls(self, grafana: Client) -> None:
        assert grafana.answer_to(b"GET / HTTP/1.0\r\n\r\n") == b""

    def test_lets_go_of_who_says_nothing(self, grafana: Client) -> None:
        began = time.monotonic()
        assert grafana.answer_to(b"") == b""
        assert 4 < time.monotonic() - began < 9

    def test_holds_so_many_connections_of_one_client(self, grafana: Client) -> None:
        lines = [grafana.connected() for _ in range(51)]
        try:
            assert lines[-1].recv(1) == b""
        finally:
            for line in lines:
                line.close()

    def test_holds_no_key(self, at: Installation) -> None:
        whole = b"".join(p.read_bytes() for p in at.files("proxy").rglob("*") if p.is_file())
        assert b"PRIVATE KEY" not in whole
        mounts = "{{range .Mounts}}{{.Destination}} {{end}}"
        told = docker("inspect", "--format", mounts, at.name("proxy"))
        assert told.split() == ["/etc/protostar"]

    def test_cannot_read_what_it_hands_on(self, at: Installation, grafana: Client) -> None:
        """Records of TLS in every direction, after the one line that the proxy itself writes."""
        with at.captured_on_proxy() as found:
            told = grafana.get("/needle-in-the-path", Cookie="needle-in-a-header")
        assert b"needle" in told.request.url.raw_path
        assert "needle" in told.text
        assert len(found) == 4
        for way, payload in found.items():
            line, end, rest = payload.partition(b"\r\n")
            forwarded = line.startswith(b"PROXY TCP4 ") and bool(end)
            assert forwarded == way.endswith(":8888")
            assert is_tls(rest if forwarded else payload)
            assert b"needle" not in payload


def is_tls(payload: bytes) -> bool:
    """Whole records, one after another: handshake, change of cipher, alert, data."""
    while payload:
        kind, major, length = payload[0], payload[1], int.from_bytes(payload[3:5], "big")
        if kind not in range(0x14, 0x18) or major != 3 or len(payload) < 5 + length:
            return False
        payload = payload[5 + length :]
    return True


class TestStreams:
    def test_a_websocket_lives(self, grafana: Client) -> None:
        assert grafana.said_back("hello") == "hello"

    def test_an_event_comes_before_the_answer_ends(self, grafana: Client) -> None:
        assert grafana.first_event() == "data: first"


class TestHsts:
    def test_is_said_once_whatever_the_tool_says(self, grafana: Client) -> None:
        assert grafana.get().headers.get_list("Strict-Transport-Security") == [HSTS]

    def test_is_on_an_error_page_too(self, grafana: Client) -> None:
        told = grafana.by_name(S3).get()
        assert told.status_code == 502
        assert told.headers["Strict-Transport-Security"] == HSTS


class TestWhenTheHomeMoves:
    @pytest.fixture
    def moved(self, at: Installation, grafana: Client) -> Iterator[None]:
        """To a listener that writes down what comes; afterwards back to Centre."""
        at.lead_home("echo")
        yield
        at.lead_home("centre")
        wait_until(lambda: answers(grafana), "path B is back", MOVED_S)

    def test_the_proxy_follows_and_what_it_sends_is_tls(
        self, at: Installation, grafana: Client, moved: None
    ) -> None:
        wait_until(lambda: not answers(grafana) and captured(at), "the listener heard it", MOVED_S)
        line, first = captured(at)[-1].rsplit(" ", 1)
        assert line.startswith(f"PROXY TCP4 {at.address('wan', 1)} ")
        assert first.startswith("1603")


def answers(client: Client) -> bool:
    try:
        return client.get().is_success
    except Exception:  # noqa: BLE001 - however it fails, it does not answer
        return False


def captured(at: Installation) -> list[str]:
    return [each for each in docker("logs", at.name("echo")).splitlines() if "PROXY" in each]
