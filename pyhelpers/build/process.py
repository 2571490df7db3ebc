"""A command run to its end, or ended: nothing of it outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Jenkins gives an aborted step five seconds before it listens no more.
GRACE_S = 4.0


@dataclass(frozen=True, slots=True)
class Ended:
    """`out`: both of its outputs, as they came."""

    status: int
    out: str

    @property
    def ok(self) -> bool:
        return self.status == 0


class Runs(Protocol):
    """What runs a command on this machine."""

    def __call__(
        self, argv: Sequence[str], *, deadline_s: float, on_line: Callable[[str], None] = ...
    ) -> Ended: ...


def run(
    argv: Sequence[str], *, deadline_s: float, on_line: Callable[[str], None] = lambda _line: None
) -> Ended:
    """Raises `DeadlinePassed`, and `Unreachable` when there is no such program.

    Whatever is raised meanwhile, a signal's `Interrupted` too, ends the command.
    """
    lines: list[str] = []
    with _started(argv) as process, _watched(process, deadline_s) as passed:
        for raw in process.stdout or ():
            line = raw.decode(errors="replace")
            lines.append(line)
            on_line(line.rstrip("\n"))
        status = process.wait()
    if passed.is_set():
        raise DeadlinePassed(argv, deadline_s)
    return Ended(status, "".join(lines))


@contextmanager
def _started(argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise Unreachable(
            error=f"`{argv[0]}` is not installed on this machine",
            try_=f"install {argv[0]}, then the same command again",
        ) from None
    with process:
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    _signal(process, signal.SIGTERM)
    try:
        process.wait(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


@contextmanager
def _watched(process: subprocess.Popen[bytes], deadline_s: float) -> Iterator[threading.Event]:
    """After the deadline it is ended from aside, and what reads from it comes to an end."""
    passed = threading.Event()

    def end() -> None:
        passed.set()
        _end(process)

    timer = threading.Timer(deadline_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield passed
    finally:
        timer.cancel()
