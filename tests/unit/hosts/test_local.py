"""The machine we run on: commands, files, and processes that are spoken to in lines."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import pytest

from pyhelpers.errors import Exit, ProtostarError, Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.local import LocalHost
from pyhelpers.hosts.protocol import ChannelClosed, Finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.hosts.protocol import Line


@pytest.fixture
def host(tmp_path: Path) -> LocalHost:
    return LocalHost("here", PurePosixPath(tmp_path))


def shell(host: LocalHost, script: str, deadline_s: float = 10.0) -> Finished:
    return host.run(["sh", "-c", script], deadline_s=deadline_s)


class TestRun:
    def test_status_and_both_outputs_come_back(self, host: LocalHost) -> None:
        finished = shell(host, "echo out; echo err >&2; exit 3")
        assert (finished.status, finished.out, finished.err) == (3, "out\n", "err\n")
        assert not finished.ok
        assert finished.argv == ("sh", "-c", "echo out; echo err >&2; exit 3")

    def test_zero_is_well(self, host: LocalHost) -> None:
        assert shell(host, "true").ok

    def test_a_signal_is_a_negative_status(self, host: LocalHost) -> None:
        assert shell(host, "kill -9 $$").status == -9

    def test_arguments_are_not_read_by_a_shell(self, host: LocalHost) -> None:
        words = ["a b", "$HOME", "'", "`id`", "*", "한국어", "", "\n"]
        out = host.run(["printf", "%s|", *words], deadline_s=5).out
        assert out == "|".join(words) + "|"

    def test_stdin_is_given_whole_and_closed(self, host: LocalHost) -> None:
        data = os.urandom(1 << 20)
        finished = host.run(["sha256sum"], deadline_s=10, stdin=data)
        wanted = subprocess.run(["sha256sum"], input=data, capture_output=True, check=True)
        assert finished.out == wanted.stdout.decode()

    def test_without_stdin_it_is_empty(self, host: LocalHost) -> None:
        assert host.run(["cat"], deadline_s=5).out == ""

    def test_a_command_that_does_not_read_its_stdin_is_no_failure(self, host: LocalHost) -> None:
        assert host.run(["true"], deadline_s=5, stdin=b"x" * (1 << 20)).ok

    def test_lines_are_heard_as_they_come(self, host: LocalHost) -> None:
        heard: list[tuple[str, float]] = []
        script = "echo first; sleep 0.3; echo second >&2"
        host.run(
            ["sh", "-c", script],
            deadline_s=5,
            on_line=lambda line: heard.append((line, time.monotonic())),
        )
        assert [line for line, _ in heard] == ["first", "second"]
        assert heard[1][1] - heard[0][1] > 0.2

    def test_much_output_on_both_sides_does_not_block(self, host: LocalHost) -> None:
        finished = shell(
            host, "head -c 300000 /dev/zero | tr '\\0' o; head -c 300000 /dev/zero >&2"
        )
        assert (len(finished.out), len(finished.err)) == (300_000, 300_000)

    def test_bytes_that_are_no_text_are_shown_as_such(self, host: LocalHost) -> None:
        assert shell(host, "printf '\\377x'").out == "�x"

    def test_a_program_that_is_not_there_is_named(self, host: LocalHost) -> None:
        with pytest.raises(Unreachable) as failed:
            host.run(["no-such-program", "x"], deadline_s=5)
        assert failed.value.error == "`no-such-program` is not installed on this machine"
        assert failed.value.exit_code is Exit.PREFLIGHT


def alive(pid: int) -> bool:
    """Running, not merely unburied: a container's first process may bury nobody."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")")[1].split()[0] != "Z"
        )
    except FileNotFoundError:
        return False


def gone(pid: int, within_s: float = 2.0) -> bool:
    until = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


class TestTheDeadline:
    def ended(self, host: LocalHost, script: str, stdin: bytes = b"") -> tuple[float, list[int]]:
        """Seconds that it took, and the processes whose ids the script told."""
        pids: list[int] = []
        began = time.monotonic()
        with pytest.raises(DeadlinePassed):
            host.run(
                ["bash", "-c", script],
                deadline_s=0.3,
                stdin=stdin,
                on_line=lambda line: pids.append(int(line)),
            )
        return time.monotonic() - began, pids

    def test_it_ends_the_command_and_its_children(self, host: LocalHost) -> None:
        took_s, pids = self.ended(host, "sleep 60 & echo $!; echo $$; wait")
        assert took_s < 30  # of 60
        assert len(pids) == 2
        assert all(map(gone, pids))

    def test_a_child_that_hears_no_sigterm_is_ended_too(self, host: LocalHost) -> None:
        deaf = '(trap "" TERM; echo $BASHPID; sleep 60) & wait'
        _, pids = self.ended(host, deaf)
        assert len(pids) == 1
        assert all(map(gone, pids))

    def test_a_command_that_hears_no_sigterm_is_killed(self, host: LocalHost) -> None:
        took_s, pids = self.ended(host, 'trap "" TERM; echo $$; while :; do sleep 1; done')
        assert took_s < 30
        assert all(map(gone, pids))

    def test_it_holds_while_stdin_is_not_read(self, host: LocalHost) -> None:
        took_s, _ = self.ended(host, "exec sleep 60", stdin=b"x" * (1 << 20))
        assert took_s < 30  # of 60

    def test_it_is_told_with_the_command_and_can_be_acted_on(self, host: LocalHost) -> None:
        with pytest.raises(ProtostarError) as failed:
            host.run(["sleep", "60"], deadline_s=0.1)
        assert failed.value.error == "`sleep 60 …` did not end within 0.1 s"
        assert failed.value.exit_code is Exit.PREFLIGHT


class TestFiles:
    def test_what_is_put_is_read(self, host: LocalHost, tmp_path: Path) -> None:
        path = PurePosixPath(tmp_path / "deep" / "er" / "file")
        host.put(path, b"\0data")
        assert host.read(path) == b"\0data"

    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
    def test_it_has_its_mode_whatever_the_umask(
        self, host: LocalHost, tmp_path: Path, mode: int
    ) -> None:
        before = os.umask(0o077)
        try:
            host.put(PurePosixPath(tmp_path / "file"), b"", mode)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode

    def test_a_file_that_is_replaced_takes_the_new_mode(
        self, host: LocalHost, tmp_path: Path
    ) -> None:
        path = PurePosixPath(tmp_path / "file")
        host.put(path, b"secret", 0o644)
        host.put(path, b"secret", 0o600)
        assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600

    def test_a_reader_sees_the_old_or_the_new_and_never_a_part(
        self, host: LocalHost, tmp_path: Path
    ) -> None:
        path = PurePosixPath(tmp_path / "file")
        contents = [bytes([letter]) * 200_000 for letter in b"ab"]
        host.put(path, contents[0])
        over, seen = threading.Event(), set[bytes | None]()

        def look() -> None:
            while not over.is_set():
                seen.add(host.read(path))

        reader = threading.Thread(target=look)
        reader.start()
        for turn in range(40):
            host.put(path, contents[turn % 2])
        over.set()
        reader.join()
        assert seen <= set(contents)

    def test_nothing_is_left_beside_it(self, host: LocalHost, tmp_path: Path) -> None:
        host.put(PurePosixPath(tmp_path / "file"), b"x")
        assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - names are what is compared

    def test_a_put_that_fails_leaves_all_as_it_was(self, host: LocalHost, tmp_path: Path) -> None:
        (tmp_path / "file").mkdir()
        with pytest.raises(IsADirectoryError):
            host.put(PurePosixPath(tmp_path / "file"), b"x")
        assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - names are what is compared

    @pytest.mark.parametrize(("limit", "tail"), [(1, b"9"), (4, b"6789"), (10, b"0123456789")])
    def test_of_a_long_file_the_end_is_read(
        self, host: LocalHost, tmp_path: Path, limit: int, tail: bytes
    ) -> None:
        (tmp_path / "log").write_bytes(b"0123456789")
        assert host.read(PurePosixPath(tmp_path / "log"), limit) == tail
        assert host.read(PurePosixPath(tmp_path / "log"), 99) == b"0123456789"

    def test_what_is_not_there_is_none(self, host: LocalHost, tmp_path: Path) -> None:
        assert host.read(PurePosixPath(tmp_path / "none")) is None
        assert host.names(PurePosixPath(tmp_path / "none")) == frozenset()

    def test_names_are_all_names(self, host: LocalHost, tmp_path: Path) -> None:
        for name in ("api.blue", ".hidden"):
            (tmp_path / name).touch()
        assert host.names(PurePosixPath(tmp_path)) == {"api.blue", ".hidden"}


class TestAppending:
    def path(self, tmp_path: Path) -> PurePosixPath:
        return PurePosixPath(tmp_path / "incoming" / "api" / "blob")

    def test_the_chunks_stand_one_behind_the_other(self, host: LocalHost, tmp_path: Path) -> None:
        host.append(self.path(tmp_path), iter([b"one", b"two"]), at=0)
        assert host.read(self.path(tmp_path)) == b"onetwo"
        assert host.size(self.path(tmp_path)) == 6

    def test_it_goes_on_where_it_is_told(self, host: LocalHost, tmp_path: Path) -> None:
        host.append(self.path(tmp_path), [b"one"], at=0)
        host.append(self.path(tmp_path), [b"two"], at=3)
        assert host.read(self.path(tmp_path)) == b"onetwo"

    def test_from_the_beginning_nothing_old_is_left(self, host: LocalHost, tmp_path: Path) -> None:
        host.append(self.path(tmp_path), [b"a long one"], at=0)
        host.append(self.path(tmp_path), [b"new"], at=0)
        assert host.read(self.path(tmp_path)) == b"new"

    def test_what_was_written_before_the_cut_stays(self, host: LocalHost, tmp_path: Path) -> None:
        def cut() -> Iterator[bytes]:
            yield b"one"
            raise Unreachable(error="cut")

        with pytest.raises(Unreachable):
            host.append(self.path(tmp_path), cut(), at=0)
        assert host.size(self.path(tmp_path)) == 3

    def test_its_folders_are_their_owners_alone(self, host: LocalHost, tmp_path: Path) -> None:
        host.append(self.path(tmp_path), [b"x"], at=0)
        for folder in ("incoming", "incoming/api"):
            assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700

    def test_what_is_not_there_has_no_size(self, host: LocalHost, tmp_path: Path) -> None:
        assert host.size(self.path(tmp_path)) is None


def echo(line: Line) -> None:
    while data := line.recv(1024):
        line.sendall(data)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


class TestAnExposedPort:
    def test_each_connection_is_answered_by_itself(self, host: LocalHost) -> None:
        with host.exposed(echo) as port, connected(port) as one, connected(port) as other:
            other.sendall(b"second")
            assert other.recv(99) == b"second"
            one.sendall(b"first")
            assert one.recv(99) == b"first"

    def test_two_at_once_do_not_collide(self, host: LocalHost) -> None:
        with host.exposed(echo) as one, host.exposed(echo) as other:
            assert one != other

    def test_after_the_block_nobody_answers_and_open_lines_are_cut(self, host: LocalHost) -> None:
        with host.exposed(echo) as port:
            line = connected(port)
            line.sendall(b"x")
            assert line.recv(9) == b"x"
        assert line.recv(9) == b""
        line.close()
        with pytest.raises(ConnectionRefusedError):
            connected(port)

    def test_a_line_is_hung_up_when_its_handler_returns(self, host: LocalHost) -> None:
        with host.exposed(lambda line: None) as port, connected(port) as line:
            assert line.recv(9) == b""

    def test_an_http_server_runs_on_it(self, host: LocalHost) -> None:
        class Hello(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"hello")

            def log_message(self, *about: object) -> None:
                """Nobody reads it."""

        def serve(line: Line) -> None:
            Hello(cast("Any", line), ("", 0), cast("Any", None))

        with host.exposed(serve) as port, host.session(port) as session:
            assert session.get(f"http://127.0.0.1:{port}/", timeout=5).text == "hello"


def test_a_proxy_of_the_laptop_does_not_stand_in_between(host: LocalHost) -> None:
    with host.session(8081) as session:
        assert not session.trust_env


class TestAChannel:
    def test_lines_go_and_come(self, host: LocalHost) -> None:
        channel = host.start(["cat"])
        channel.send("한 line  with   blanks ")
        assert channel.receive(5) == "한 line  with   blanks "
        channel.close()

    def test_silence_is_none_after_the_deadline(self, host: LocalHost) -> None:
        channel = host.start(["cat"])
        began = time.monotonic()
        assert channel.receive(0.1) is None
        assert 0.1 <= time.monotonic() - began < 2
        assert channel.receive(0.0) is None
        channel.close()

    def test_the_end_comes_after_the_last_line_and_stays(self, host: LocalHost) -> None:
        channel = host.start(["sh", "-c", "echo one; printf two"])
        assert [channel.receive(5), channel.receive(5)] == ["one", "two"]
        for _ in range(2):
            with pytest.raises(ChannelClosed):
                channel.receive(5)
        channel.close()

    def test_nobody_can_be_told_anything_after_the_end(self, host: LocalHost) -> None:
        channel = host.start(["true"])
        with pytest.raises(ChannelClosed):
            channel.receive(5)
        with pytest.raises(ChannelClosed):
            channel.send("x")
        channel.close()

    def test_closing_ends_the_others_stdin(self, host: LocalHost) -> None:
        channel = host.start(["sh", "-c", "cat >/dev/null; echo over"])
        channel.close()
        assert channel.receive(5) == "over"
        with pytest.raises(ChannelClosed):
            channel.send("x")
        channel.close()

    def test_the_other_end_may_outlive_us(self, host: LocalHost, tmp_path: Path) -> None:
        """Closed, it still finishes what it has begun."""
        done = tmp_path / "done"
        channel = host.start(["sh", "-c", f"cat >/dev/null; sleep 0.2; echo x >{done}; echo bye"])
        channel.close()
        assert channel.receive(5) == "bye"
        assert done.exists()

    def test_our_ctrl_c_is_not_its(self, host: LocalHost) -> None:
        """It is not in our process group, which the terminal signals as a whole."""
        channel = host.start(["sh", "-c", "ps -o pgid= -p $$; cat"])
        assert int(channel.receive(5) or 0) != os.getpgid(0)
        channel.close()

    def test_its_errors_are_not_taken_for_its_words(self, host: LocalHost) -> None:
        channel = host.start(["sh", "-c", "echo noise >&2; echo word"])
        assert channel.receive(5) == "word"
        channel.close()


def test_a_port_of_the_host_is_asked_without_a_proxy_in_between(host: LocalHost) -> None:
    assert host.session(8081).trust_env is False


def test_a_host_that_was_never_used_can_be_closed(host: LocalHost) -> None:
    host.close()


DEPLOYER = """
import sys
from pathlib import PurePosixPath
from pyhelpers.hosts.local import LocalHost
host = LocalHost("here", PurePosixPath("/tmp"))
host.start(["sh", "-c", "echo $$ >{told}; cat; echo ended >{told}"])
print("started", flush=True)
sys.stdin.readline()
"""


def test_a_killed_deployer_closes_the_line(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = DEPLOYER.format(told=told)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as deployer:
        assert deployer.stdout is not None
        assert deployer.stdout.readline() == b"started\n"
        deployer.send_signal(signal.SIGKILL)
    until = time.monotonic() + 5
    while time.monotonic() < until and not ended(told):
        time.sleep(0.01)
    assert ended(told)


def ended(told: Path) -> bool:
    return told.exists() and told.read_text(encoding="utf-8") == "ended\n"
