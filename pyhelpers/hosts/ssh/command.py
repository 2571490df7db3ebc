"""A command on the host, to its end; and the words in which a command reaches a shell there."""

from __future__ import annotations

import shlex
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import paramiko

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.protocol import Finished
from pyhelpers.hosts.ssh.channels import let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyhelpers.hosts.ssh.channels import Channels

# `timeout` ends the command on the host, with us or without us; then it has this long to tell.
KILL_AFTER_S = 2
TELL_S = 5.0
# timeout(1): ended by SIGTERM, ended by SIGKILL.
ENDED = (124, 137)
NOT_FOUND = 127
CHUNK_BYTES = 1 << 15
# A command that a signal ended has no exit status, and paramiko does not hear of the signal: it
# would look like a cut line. A shell makes 128 + n of it; what it says of that ("Killed") is no
# output of the command.
STATUS = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?'


def line(argv: Sequence[str]) -> str:
    """`argv` as one line for the login shell there. Every word is quoted: nothing has a meaning."""
    return shlex.join(argv)


def bounded(argv: Sequence[str], deadline_s: float) -> str:
    """`argv`, ended after `deadline_s`. However it ends, there is a status to tell."""
    timed = ["timeout", f"--kill-after={KILL_AFTER_S}", f"{deadline_s:g}", *argv]
    return f"exec {line(['sh', '-c', STATUS, 'run', *timed])}"


def run(
    channels: Channels,
    argv: Sequence[str],
    *,
    deadline_s: float,
    stdin: Iterable[bytes] = (),
    stall_s: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Raises `DeadlinePassed`, or `LineCut` when the connection goes before the command's end.

    `stall_s`: how long it may take nothing of its stdin, and work on after the last of it.
    Raises `Unreachable` when the program is not there. What `stdin` itself raises comes through.
    """
    patience_s = deadline_s + KILL_AFTER_S if stall_s is None else stall_s
    with _session(channels) as channel:
        channel.settimeout(patience_s)  # for what is written to it
        began = time.monotonic()  # before it begins there: its deadline is never earlier than ours
        execute(channels, channel, bounded(argv, deadline_s))
        outputs = _Outputs(channel, on_line)
        if not _feed(channel, stdin):
            raise DeadlinePassed(argv, patience_s)
        over = channel.status_event.wait(patience_s + TELL_S)
        status = channel.exit_status
        if not over or (status in ENDED and time.monotonic() - began >= deadline_s):
            raise DeadlinePassed(argv, deadline_s)
        out, err = outputs.finish()
    if status < 0:
        raise channels.cut()
    if status == NOT_FOUND and err.startswith("timeout: "):
        raise Unreachable(
            error=f"`{argv[0]}` is not installed on {channels.name}",
            try_=f"command -v {argv[0]}, on that host",
        )
    return Finished(tuple(argv), status, out, err)


@contextmanager
def _session(channels: Channels) -> Iterator[paramiko.Channel]:
    channel = channels.session()
    try:
        yield channel
    finally:
        let_go(channel)


def execute(channels: Channels, channel: paramiko.Channel, command: str) -> None:
    try:
        channel.exec_command(command)
    except (paramiko.SSHException, EOFError, OSError) as problem:
        raise channels.cut(problem) from None


def _feed(channel: paramiko.Channel, stdin: Iterable[bytes]) -> bool:
    """Whether it took its stdin. It may end without reading all: its exit status tells."""
    for chunk in stdin:
        try:
            channel.sendall(chunk)
        except TimeoutError:
            return False
        except (OSError, EOFError):
            break
    with suppress(OSError, EOFError):
        channel.shutdown_write()
    return True


def heard(receive: Callable[[int], bytes], at_most: int) -> bytes:
    """What came; empty at the end. Silence is not the end."""
    while True:
        try:
            return receive(at_most)
        except TimeoutError:
            continue


class _Outputs:
    """Reads both outputs as they come, so that no window ever fills."""

    def __init__(self, channel: paramiko.Channel, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._heard = time.monotonic()
        self._wholes = (bytearray(), bytearray())
        sides = zip((channel.recv, channel.recv_stderr), self._wholes, strict=True)
        self._threads = [
            threading.Thread(target=self._read, args=side, daemon=True) for side in sides
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, receive: Callable[[int], bytes], whole: bytearray) -> None:
        told = 0
        with suppress(OSError, EOFError):  # the end of the connection: the status tells
            while chunk := heard(receive, CHUNK_BYTES):
                whole += chunk
                self._heard = time.monotonic()
                if b"\n" in chunk:
                    told = self._tell(whole, told, whole.rindex(b"\n"))
        if told < len(whole):
            self._tell(whole, told, len(whole))

    def _tell(self, whole: bytearray, begin: int, end: int) -> int:
        if self._on_line is not None:
            for each in whole[begin:end].split(b"\n"):
                self._on_line(each.decode(errors="replace"))
        return end + 1

    def finish(self) -> tuple[str, str]:
        """All of it: what is still on its way when the command has ended is waited for.

        Unless nothing more comes: something that it left running may keep the output open.
        """
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() - self._heard < TELL_S:
                thread.join(timeout=TELL_S / 10)
        out, err = (whole.decode(errors="replace") for whole in self._wholes)
        return out, err
