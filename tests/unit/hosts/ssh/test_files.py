"""Files by SFTP: what is not there, not ours, and an sftp-server that dies or never was."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.denied import Denied
from pyhelpers.hosts.ssh import command, files
from pyhelpers.hosts.ssh.channels import Channels, LineCut
from pyhelpers.hosts.ssh.connect import close, connect
from pyhelpers.hosts.ssh.files import Files

from .server_double import SshServer, write_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyhelpers.hosts.protocol import Finished


class Far(NamedTuple):
    server: SshServer
    channels: Channels
    files: Files
    room: PurePosixPath


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Far]:
    with SshServer(write_key(tmp_path / "key"), sessions=1000) as server:
        transports = connect([server.hop(tmp_path / "key")])
        channels = Channels("a5", transports[-1])

        def run(argv: list[str], **named: object) -> Finished:
            return command.run(channels, argv, **named)  # type: ignore[arg-type]  # handed on

        yield Far(server, channels, Files("a5", channels, run), PurePosixPath(tmp_path))
        close(transports)


def test_what_is_put_is_read_and_listed(far: Far) -> None:
    path = far.room / "new" / "file"
    far.files.put(path, b"text", 0o640)
    assert far.files.read(path, 2) == b"xt"
    assert far.files.names(path.parent) == {"file"}
    assert far.files.size(path) == 4
    assert Path(path).stat().st_mode & 0o777 == 0o640
    assert far.files.read(far.room / "none", 9) is None


def test_another_users_folder_is_told_with_the_command_that_mends_it(far: Far) -> None:
    path = far.room / "roots" / "file"
    far.server.sftp.denied.add(str(path.parent))
    deeds: list[Callable[[], object]] = [
        lambda: far.files.read(path, 9),
        lambda: far.files.put(path, b"", 0o644),
    ]
    for deed in deeds:
        with pytest.raises(Denied) as refused:
            deed()
        assert refused.value.error == f"a5: we have no right to {path}"
        assert refused.value.try_.startswith(f"sudo chown -R $(id -un) {path}")
    assert far.server.sftp.started == 1, "its channel is as good as before"


def test_an_sftp_server_that_has_died_is_replaced(far: Far) -> None:
    path = far.room / "file"
    Path(path).write_bytes(b"text")
    assert far.files.read(path, 9) == b"text"
    far.server.sftp.dies_at.add(str(path))
    with pytest.raises(LineCut):
        far.files.read(path, 9)
    assert far.files.read(path, 9) == b"text"
    assert far.server.sftp.started == 2
    assert far.channels.most == 1, "the dead one's channel is closed"


def test_an_sshd_that_gives_no_sftp_is_told_and_no_channel_is_left(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = type(far.server.policy)
    monkeypatch.setattr(policy, "check_channel_subsystem_request", lambda *_: False)
    for _ in range(2):
        with pytest.raises(Unreachable, match="a5: its sshd gives no SFTP"):
            far.files.read(far.room, 9)
    assert far.channels.most == 1


# --- transfers --------------------------------------------------------------------------------


def test_an_error_of_the_source_comes_through_as_it_is(far: Far) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"first"
        raise OSError(5, "the deployer's own disk")

    with pytest.raises(OSError, match="the deployer's own disk") as failed:
        far.files.append(far.room / "layer", chunks(), 0)
    assert failed.type is OSError


def test_a_disk_that_takes_nothing_more_is_given_up(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "STALL_S", 0.5)
    monkeypatch.setattr(files, "APPEND", "exec sleep 9")
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"layer cannot be written: .*; does the disk hang\?"):
        far.files.append(far.room / "layer", iter([b"x" * (1 << 20)] * 40), 0)
    assert time.monotonic() - began < 10


def test_what_is_slow_to_come_is_no_stall(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            time.sleep(0.3)
            yield b"x"

    monkeypatch.setattr(files, "STALL_S", 0.2)
    far.files.append(far.room / "layer", chunks(), 0)
    assert Path(far.room / "layer").read_bytes() == b"xxx"


@pytest.mark.parametrize("script", [files.PLACE, files.FOLDERS, files.APPEND])
def test_the_host_speaks_english_to_us(script: str) -> None:
    """`No space left` and `Permission denied` are told apart by their words."""
    assert script.startswith("export LC_ALL=C && ")
