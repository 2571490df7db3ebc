"""Path A on a real gateway: user → 443, where TLS ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from .files import SHOP

if TYPE_CHECKING:
    from .client import Client
    from .installation import Installation

pytestmark = pytest.mark.e2e

HSTS = "max-age=63072000"
FORGED = "6.6.6.6"


def handshake(at: Installation, *options: str, name: str = SHOP) -> str:
    return at.handshake("a5", "127.0.0.1:443", *options, name=name)


def plain(at: Installation, path: str, host: str = SHOP) -> httpx.Response:
    url = f"http://{at.gateway}{path}"
    return httpx.get(url, headers={"Host": host}, trust_env=False, timeout=5)


class TestTheClientsAddress:
    def test_reaches_the_service(self, at: Installation, shop: Client) -> None:
        told = shop.get().json()
        client = at.address("edge", 1)
        assert (told["X-Forwarded-For"], told["X-Real-IP"]) == (client, client)
        assert told["X-Forwarded-Proto"] == "https"

    def test_cannot_be_forged_in_a_header(self, shop: Client) -> None:
        forged = {"X_Forwarded_For": FORGED, "X_Real_IP": FORGED, "Forwarded": f"for={FORGED}"}
        assert FORGED not in shop.get(**forged).text

    def test_cannot_be_forged_by_the_proxy_protocol(self, shop: Client) -> None:
        header = f"PROXY TCP4 {FORGED} {FORGED} 1 443\r\n".encode()
        told = shop.answer_to(header + b"GET / HTTP/1.0\r\n\r\n")
        assert told == b"" or told.startswith(b"HTTP/1.1 400 ")


class TestTls:
    @pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
    def test_an_old_version_is_refused(self, at: Installation, version: str) -> None:
        assert "alert number 70" in handshake(at, version, "-cipher", "ALL:@SECLEVEL=0")

    @pytest.mark.parametrize("suite", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"])
    def test_a_weak_suite_is_refused(self, at: Installation, suite: str) -> None:
        assert "alert number 40" in handshake(at, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")

    def test_a_good_suite_of_1_2_is_taken(self, at: Installation) -> None:
        """Or the refusals above would prove nothing."""
        told = handshake(at, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
        assert "Cipher is ECDHE-ECDSA-AES128-GCM-SHA256" in told

    def test_1_3_exchanges_keys_in_a_hybrid_way(self, at: Installation) -> None:
        assert "group: X25519MLKEM768" in handshake(at, "-tls1_3")

    def test_a_client_without_it_is_served_too(self, at: Installation) -> None:
        assert "Cipher is TLS_" in handshake(at, "-tls1_3", "-groups", "X25519")

    def test_a_browser_is_served_over_http_2(self, at: Installation) -> None:
        assert "ALPN protocol: h2" in handshake(at, "-alpn", "h2,http/1.1")

    @pytest.mark.parametrize("name", ["other.test", ""])
    def test_an_unknown_name_gets_no_certificate(self, at: Installation, name: str) -> None:
        told = handshake(at, name=name)
        assert "alert number 112" in told
        assert "BEGIN CERTIFICATE" not in told

    def test_another_name_within_the_connection_is_closed_on(self, shop: Client) -> None:
        assert shop.answer_over_tls() != b""
        assert shop.answer_over_tls(host="other.test") == b""


class TestHsts:
    def test_is_said_once_whatever_the_service_says(self, shop: Client) -> None:
        assert shop.get().headers.get_list("Strict-Transport-Security") == [HSTS]

    def test_is_on_an_error_page_too(self, shop: Client) -> None:
        told = shop.get("/web/")
        assert told.status_code == 502
        assert told.headers["Strict-Transport-Security"] == HSTS
        assert told.headers["X-Colour"] == "blue"


class TestPort80:
    def test_sends_to_https_with_method_and_path(self, at: Installation) -> None:
        told = plain(at, "/a?b=c")
        assert (told.status_code, told.headers["Location"]) == (308, f"https://{SHOP}/a?b=c")

    def test_shows_the_proofs_of_acme(self, at: Installation) -> None:
        assert plain(at, "/.well-known/acme-challenge/token").text == "proof"

    def test_shows_nothing_else_of_the_certificates(self, at: Installation) -> None:
        told = plain(at, f"/.well-known/acme-challenge/../../../{SHOP}/privkey.pem")
        assert "PRIVATE KEY" not in told.text

    def test_sends_nobody_to_another_name(self, at: Installation) -> None:
        with pytest.raises(httpx.RemoteProtocolError):
            plain(at, "/", host="other.test")


class TestStreams:
    def test_a_websocket_lives(self, shop: Client) -> None:
        assert shop.said_back("hello") == "hello"

    def test_an_event_comes_before_the_answer_ends(self, shop: Client) -> None:
        assert shop.first_event() == "data: first"


def test_one_client_that_asks_too_much_is_told_to_wait(at: Installation) -> None:
    one = f"GET / HTTP/1.1\r\nHost: {SHOP}\r\n\r\n"
    last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    argv = ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:443", "-servername", SHOP]
    told = at.inside("a5", *argv, stdin=one * 250 + last).stdout
    statuses = re.findall(r"HTTP/1\.1 (\d+)", told)
    assert set(statuses) == {"200", "429"}
    assert statuses.count("200") >= 100
