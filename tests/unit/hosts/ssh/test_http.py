"""HTTP through a few channels: who finds none free is told, and several may share them."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests

from pyhelpers.hosts.ssh.http import ChannelAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

    import paramiko

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"


class Web:
    """Its sockets stand for channels. What a path begins with /endless gets has no end."""

    def __init__(self) -> None:
        self.opened: list[socket.socket] = []

    def opening(self) -> Any:
        ours, theirs = socket.socketpair()
        self.opened.append(theirs)
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return ours

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):
            while asked := sock.recv(4096):
                sock.sendall(ENDLESS if b"/endless" in asked else ANSWER)


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    for each in web.opened:
        each.close()


def session_over(adapter: ChannelAdapter) -> requests.Session:
    session = requests.Session()
    session.mount("http://", adapter)
    return session


def test_who_finds_no_channel_free_is_told_in_time(web: Web) -> None:
    adapter = ChannelAdapter(web.opening, 1, free_s=0.2)
    session = session_over(adapter)
    holding = session.get("http://a5/endless", stream=True, timeout=5)
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        session.get("http://a5/", timeout=5)
    assert time.monotonic() - began < 3
    holding.close()


def test_sessions_share_the_channels_and_one_that_closes_takes_none_away(web: Web) -> None:
    adapter = ChannelAdapter(web.opening, 1)
    one, two = session_over(adapter), session_over(adapter)
    assert (one.get("http://a5/").text, two.get("http://a5/").text) == ("ok", "ok")
    assert len(web.opened) == 1
    one.close()
    assert two.get("http://a5/").text == "ok"


def test_a_line_that_goes_while_a_request_is_written_is_a_connection_error() -> None:
    """paramiko's channel raises EOFError then, which requests lets through."""

    class Gone:
        def sendall(self, _data: bytes) -> None:
            raise EOFError

        def settimeout(self, _seconds: float) -> None:
            """As a socket does."""

        def close(self) -> None:
            """As a socket does."""

    session = session_over(ChannelAdapter(lambda: cast("paramiko.Channel", Gone()), 1))
    with pytest.raises(requests.ConnectionError):
        session.get("http://a5/", timeout=5)
