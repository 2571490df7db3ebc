"""Never more channels at once than sshd gives, and clear words when none is left."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pyhelpers.errors import Exit, Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.ssh import command
from pyhelpers.hosts.ssh.channels import AT_MOST, OPEN_S, Channels, LineCut
from pyhelpers.hosts.ssh.connect import close, connect

from .server_double import SshServer, write_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with SshServer(write_key(tmp_path / "key"), sessions=1000) as server:
        yield server


@pytest.fixture
def channels(server: SshServer, tmp_path: Path) -> Iterator[Channels]:
    transports = connect([server.hop(tmp_path / "key")])
    yield Channels("a5", transports[-1])
    close(transports)


def test_they_are_counted(channels: Channels) -> None:
    one, two = channels.session(), channels.session()
    one.close()
    two.close()
    channels.session().close()
    assert (channels.opened, channels.most) == (3, 2)


def test_the_ninth_waits_until_one_is_closed(channels: Channels) -> None:
    held = [channels.session() for _ in range(AT_MOST)]
    began = time.monotonic()
    threading.Timer(0.3, held[0].close).start()
    channels.session().close()
    assert 0.3 <= time.monotonic() - began < OPEN_S
    assert channels.most == AT_MOST


def test_many_commands_at_once_all_end_well_over_a_few_channels(channels: Channels) -> None:
    def double(number: int) -> str:
        script = f"sleep 0.02; expr {number} + {number}"
        return command.run(channels, ["sh", "-c", script], deadline_s=10).out

    with ThreadPoolExecutor(20) as pool:
        outs = list(pool.map(double, range(40)))
    assert outs == [f"{2 * number}\n" for number in range(40)]
    assert channels.opened == 40
    assert channels.most <= AT_MOST


def test_a_session_that_sshd_refuses_is_told(server: SshServer, channels: Channels) -> None:
    server.policy.sessions = 0
    with pytest.raises(Unreachable) as failed:
        channels.session()
    assert failed.value.error.startswith("the sshd of a5 gives no more sessions: ")
    assert "maxsessions" in failed.value.try_


def test_a_port_where_nobody_listens_is_a_refused_connection(channels: Channels) -> None:
    with pytest.raises(ConnectionRefusedError):
        channels.to_port(1)


def test_after_a_cut_every_channel_says_so(server: SshServer, channels: Channels) -> None:
    server.cut()
    with pytest.raises(LineCut) as failed:
        channels.session()
    assert failed.value.error.startswith("the connection to a5 was cut")
    assert failed.value.try_ == "the same command again: it goes on from what stands"
    assert failed.value.exit_code is Exit.PREFLIGHT


def test_a_command_whose_line_is_cut_does_not_count_as_ended(
    server: SshServer, channels: Channels
) -> None:
    threading.Timer(0.3, server.cut).start()
    began = time.monotonic()
    with pytest.raises(LineCut):
        command.run(channels, ["sleep", "2"], deadline_s=20)
    assert time.monotonic() - began < 2


# --- commands ---------------------------------------------------------------------------------


def test_lines_of_both_outputs_are_heard(channels: Channels) -> None:
    heard: list[str] = []
    script = "echo one; echo; printf two; printf 'three\\nfour' >&2"
    done = command.run(channels, ["sh", "-c", script], deadline_s=5, on_line=heard.append)
    assert sorted(heard) == sorted(["one", "", "two", "three", "four"])
    assert (done.out, done.err) == ("one\n\ntwo", "three\nfour")


def test_a_character_that_comes_in_two_parts_is_one(channels: Channels) -> None:
    text = "한" * 50_001
    done = command.run(channels, ["sh", "-c", f"yes {text[:1000]} | head -n 100"], deadline_s=9)
    assert done.out == f"{text[:1000]}\n" * 100


def test_a_program_that_is_not_there_is_named_with_the_machine(channels: Channels) -> None:
    with pytest.raises(Unreachable) as failed:
        command.run(channels, ["no-such-program", "x"], deadline_s=5)
    assert failed.value.error == "`no-such-program` is not installed on a5"


def test_the_status_127_of_a_program_itself_is_a_status(channels: Channels) -> None:
    assert command.run(channels, ["sh", "-c", "exit 127"], deadline_s=5).status == 127


@pytest.mark.parametrize("script", ["sleep 9", 'trap "" TERM; while :; do sleep 1; done'])
def test_the_deadline_is_told_whether_it_was_heard_or_not(channels: Channels, script: str) -> None:
    with pytest.raises(DeadlinePassed):
        command.run(channels, ["sh", "-c", script], deadline_s=0.3)


def test_the_status_124_of_a_program_itself_is_a_status(channels: Channels) -> None:
    assert command.run(channels, ["sh", "-c", "exit 124"], deadline_s=5).status == 124
