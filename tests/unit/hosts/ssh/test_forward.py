"""Connections to a port there that come to us: as long as the block lasts, and not longer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.ssh.connect import close, connect
from pyhelpers.hosts.ssh.forward import Forwards
from pyhelpers.hosts.ssh.pulse import Requests

from .server_double import PORT, SshServer, write_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyhelpers.hosts.protocol import Line


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with SshServer(write_key(tmp_path / "key")) as server:
        yield server


@pytest.fixture
def forwards(server: SshServer, tmp_path: Path) -> Iterator[Forwards]:
    transports = connect([server.hop(tmp_path / "key")])
    yield Forwards("a5", transports[-1], Requests(transports[-1]))
    close(transports)


def echo(line: Line) -> None:
    line.sendall(line.recv(9))


def test_a_connection_is_answered_and_hung_up(server: SshServer, forwards: Forwards) -> None:
    with forwards.exposed(echo) as port:
        assert port == PORT
        there = server.connect_to_forwarded()
        there.sendall(b"ping")
        assert (there.recv(9), there.recv(9)) == (b"ping", b"")


def test_what_is_still_open_at_the_end_of_the_block_is_cut(
    server: SshServer, forwards: Forwards
) -> None:
    began, ended = threading.Event(), threading.Event()

    def listen(line: Line) -> None:
        began.set()
        line.recv(1)  # for ever
        ended.set()

    with forwards.exposed(listen):
        there = server.connect_to_forwarded()
        assert began.wait(5)
    there.settimeout(5)
    assert there.recv(1) == b""
    assert ended.wait(5)


def test_a_server_that_allows_none_is_told(server: SshServer, forwards: Forwards) -> None:
    server.policy.forwards = False
    with pytest.raises(Unreachable) as refused, forwards.exposed(echo):
        pass
    assert refused.value.error == "a5: its sshd allows no port forwarding from there to here"
