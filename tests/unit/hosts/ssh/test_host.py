"""One connection for all who ask."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from pyhelpers.hosts.ssh.address import Wanted
from pyhelpers.hosts.ssh.channels import AT_MOST
from pyhelpers.hosts.ssh.host import KEY, SSH_CONFIG, SshHost
from pyhelpers.hosts.ssh.host_key import fingerprint

from .server_double import USER, SshServer, host_key, write_key

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    key = write_key(tmp_path / "key")
    monkeypatch.setenv(KEY, str(key))
    monkeypatch.setenv(SSH_CONFIG, "/dev/null")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return key


def test_many_services_ask_a_gateway_over_one_channel(key: Path) -> None:
    """Each keeps its session open: with a channel each, five would leave none for a command."""
    with SshServer(key, sessions=1000) as server:
        pin = fingerprint(host_key())
        host = SshHost("a5", PurePosixPath("/srv"), Wanted("127.0.0.1", USER, server.port, pin))
        server.policy.says = ANSWER
        sessions = [host.session(8081) for _ in range(2 * AT_MOST)]
        assert {each.get("http://127.0.0.1:8081/", timeout=5).text for each in sessions} == {"ok"}
        assert host._line.channels.opened == 1
        host.close()
