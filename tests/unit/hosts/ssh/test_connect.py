"""What is said of each way in which a connection can fail. The servers are real sockets."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from pyhelpers.errors import Exit, Unreachable
from pyhelpers.hosts.ssh.address import Hop
from pyhelpers.hosts.ssh.connect import ATTEMPTS, RETRY_S, close, connect
from pyhelpers.hosts.ssh.host_key import HostKeyRefused

from .server_double import SshServer, write_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Deed = Callable[[socket.socket], None]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return write_key(tmp_path / "key")


def hop(port: int, address: str = "127.0.0.1") -> Hop:
    return Hop(address, port, "deploy", "a5", (), ())


def failed(*way: Hop) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        connect(way)
    assert caught.value.exit_code is Exit.PREFLIGHT
    assert caught.value.state == "nothing was changed"
    return caught.value


class Answering:
    """Listens, and does `deed` to each connection."""

    def __init__(self, deed: Deed) -> None:
        self.asked = 0
        self._deed = deed
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._answer)

    def _answer(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.asked += 1
                with sock, suppress(OSError):
                    self._deed(sock)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@contextmanager
def answering(deed: Deed) -> Iterator[Answering]:
    server = Answering(deed)
    server._thread.start()
    try:
        yield server
    finally:
        server.close()


def hang_up(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_RDWR)


def talk_http(sock: socket.socket) -> None:
    sock.recv(100)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" * 10)


def stop_after_the_banner(sock: socket.socket) -> None:
    sock.sendall(b"SSH-2.0-double\r\n")
    sock.recv(1000)
    sock.shutdown(socket.SHUT_RDWR)


def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        error = failed(hop(port))
    assert error.error == f"deploy@127.0.0.1:{port}: nobody listens on port {port}"
    assert error.try_ == f"ssh -v -p {port} deploy@127.0.0.1 true"


def test_a_name_that_does_not_resolve() -> None:
    error = failed(hop(22, "no-such-host.invalid"))
    assert error.error == "the name no-such-host.invalid does not resolve"
    assert error.try_ == "getent hosts no-such-host.invalid"


def test_something_else_than_ssh() -> None:
    with answering(talk_http) as server:
        error = failed(hop(server.port))
    assert error.error.endswith("something answers that is not SSH")
    assert server.asked == 1, "it will not be another thing the second time"


@pytest.mark.parametrize("deed", [hang_up, stop_after_the_banner])
def test_who_hangs_up_is_asked_again_a_few_times(deed: Deed) -> None:
    with answering(deed) as server:
        began = time.monotonic()
        error = failed(hop(server.port))
    assert error.error.endswith("hung up at once")
    assert server.asked == ATTEMPTS
    assert time.monotonic() - began >= (ATTEMPTS - 1) * RETRY_S


def test_an_unknown_key_is_refused_before_any_key_of_ours_is_shown(key: Path) -> None:
    with SshServer(key) as server:
        with pytest.raises(HostKeyRefused):
            connect([server.hop(key, pin="SHA256:" + "A" * 43)])
        assert server.policy.offered == []
        assert server.connections == 1, "a changed key is not asked for again"


def test_a_transport_for_each_hop(key: Path) -> None:
    with SshServer(key) as server:
        transports = connect([server.hop(key)])
        assert [transport.is_authenticated() for transport in transports] == [True]
        close(transports)
        assert not transports[0].is_active()


def test_what_was_opened_is_closed_when_a_later_hop_fails(key: Path) -> None:
    with SshServer(key) as server:
        error = failed(server.hop(key), hop(22, "behind"))
        assert "deploy@behind is not reached through its jump host" in error.error
        assert all(wait_until_closed(each) for each in server._transports)


def wait_until_closed(transport: object, within_s: float = 3) -> bool:
    until = time.monotonic() + within_s
    while transport.is_active() and time.monotonic() < until:  # type: ignore[attr-defined]  # object: of the double
        time.sleep(0.01)
    return not transport.is_active()  # type: ignore[attr-defined]  # as above
