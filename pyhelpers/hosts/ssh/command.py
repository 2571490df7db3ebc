"""A command on the host, to its end; and the words in which a command reaches a shell there."""

from __future__ import annotations

import shlex
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import paramiko

from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.protocol import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pyhelpers.hosts.ssh.channels import Channels

# `timeout` ends the command on the host, with us or without us; then it has this long to tell.
KILL_AFTER_S = 2
TELL_S = 5.0
# timeout(1): ended by SIGTERM, ended by SIGKILL.
ENDED = (124, 137)


def line(argv: Sequence[str]) -> str:
    """`argv` as one line for the login shell there. Every word is quoted: nothing has a meaning."""
    return shlex.join(argv)


def bounded(argv: Sequence[str], deadline_s: float) -> str:
    return line(["timeout", f"--kill-after={KILL_AFTER_S}", f"{deadline_s:g}", *argv])


def run(
    channels: Channels,
    argv: Sequence[str],
    *,
    deadline_s: float,
    stdin: Iterable[bytes] = (),
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Raises `DeadlinePassed`, or `LineCut` when the connection goes before the command's end."""
    with closing(channels.session()) as channel:
        channel.settimeout(deadline_s + KILL_AFTER_S)  # also for what is written to it
        execute(channels, channel, bounded(argv, deadline_s))
        outputs = _Outputs(channel, on_line)
        _feed(channel, stdin)
        over = channel.status_event.wait(deadline_s + KILL_AFTER_S + TELL_S)
        status = channel.exit_status
        if not over or (status in ENDED and outputs.age_s() >= deadline_s):
            raise DeadlinePassed(argv, deadline_s)
        out, err = outputs.finish()
    if status < 0:
        raise channels.cut()
    return Finished(tuple(argv), status, out, err)


def execute(channels: Channels, channel: paramiko.Channel, command: str) -> None:
    try:
        channel.exec_command(command)
    except (paramiko.SSHException, EOFError, OSError) as problem:
        raise channels.cut(problem) from None


def _feed(channel: paramiko.Channel, stdin: Iterable[bytes]) -> None:
    """It may end without reading all: its exit status tells."""
    with suppress(OSError):
        for chunk in stdin:
            channel.sendall(chunk)
    with suppress(OSError, EOFError):
        channel.shutdown_write()


class _Outputs:
    """Reads both outputs as they come, so that no window ever fills."""

    def __init__(self, channel: paramiko.Channel, on_line: Callable[[str], None] | None) -> None:
        self._began = time.monotonic()
        self._on_line = on_line
        self._texts: tuple[list[str], list[str]] = ([], [])
        streams = (channel.makefile("rb"), channel.makefile_stderr("rb"))
        self._threads = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in zip(streams, self._texts, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Iterable[bytes], texts: list[str]) -> None:
        with suppress(OSError):  # the deadline, or the end of the connection: the status tells
            for raw in stream:
                text = raw.decode(errors="replace")
                texts.append(text)
                if self._on_line is not None:
                    self._on_line(text.rstrip("\n"))

    def age_s(self) -> float:
        return time.monotonic() - self._began

    def finish(self) -> tuple[str, str]:
        for thread in self._threads:
            thread.join(timeout=TELL_S)
        return "".join(self._texts[0]), "".join(self._texts[1])
