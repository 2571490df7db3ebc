"""What a machine can do for the rooms above: run, read, put, hold a lock, talk to its engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import PurePosixPath

    from requests import Session

    from docker import DockerClient


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended: its exit status and what it wrote, decoded as UTF-8."""

    argv: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.status == 0


# What a channel keeps of a process that writes faster than it is read; then it is held back. A
# guard never says so much.
WAITING_LINES = 10_000


class Channel(Protocol):
    """A long-lived process on the host that is spoken to in lines."""

    def send(self, line: str) -> None:
        """Write one line; raises `ChannelClosed` when nobody reads any more."""

    def receive(self, deadline_s: float) -> str | None:
        """The next line without its newline; None after `deadline_s`; raises `ChannelClosed`."""

    def close(self) -> None:
        """Close the process's stdin and stop listening; the process decides what that means."""


class Line(Protocol):
    """A connection that was made to a port of the host: it behaves like a socket."""

    def recv(self, nbytes: int, /) -> bytes:
        """What came; empty at the end."""

    def sendall(self, data: bytes, /) -> None: ...

    def settimeout(self, timeout: float | None, /) -> None: ...

    def makefile(self, mode: str, buffering: int, /) -> Any: ...  # noqa: ANN401 - as of a socket

    def close(self) -> None: ...


class ChannelClosed(Exception):
    """The process at the other end is gone, or the line to it."""


class Host(Protocol):
    """One machine. Every call has a deadline; every path is absolute on that machine.

    What is asked of another user's file raises `Denied`.
    """

    name: str
    root: PurePosixPath

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        """Run to the end. `on_line` hears stdout and stderr as they come.

        Raises `DeadlinePassed` after `deadline_s` (the command is ended), `Unreachable` when the
        program or the machine is not there.
        """

    def start(self, argv: Sequence[str]) -> Channel:
        """Start a process that outlives us if it wants to; speak to it in lines."""

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        """The file's last `limit_bytes`, or None when there is none."""

    def names(self, path: PurePosixPath) -> frozenset[str]:
        """What the folder holds; empty when there is none."""

    def put(self, path: PurePosixPath, data: bytes, mode: int = 0o644) -> None:
        """Write whole or not at all: a file beside it, synced, renamed. Makes the folders."""

    def append(self, path: PurePosixPath, chunks: Iterable[bytes], *, at: int) -> None:
        """Write the chunks into `path` from offset `at` (0: a new file), a chunk in memory at most.

        Makes the folders, for their owner alone. Raises `Unreachable` when the line is cut, and
        that or `OSError` when the host cannot write (a full disk); what was written stays. What
        `chunks` itself raises comes through as it is.
        """

    def size(self, path: PurePosixPath) -> int | None:
        """The file's bytes, or None when there is none."""

    def docker(self) -> DockerClient:
        """The engine's API. Used to read; what changes something is run as a fenced command."""

    def session(self, port: int) -> Session:
        """HTTP to http://127.0.0.1:<port> of this host, and to nowhere else."""

    def exposed(self, handler: Callable[[Line], None]) -> AbstractContextManager[int]:
        """A loopback port on the host, chosen by it, for as long as the block lasts.

        Each connection made to it there is handed to `handler` in a thread of its own, and hung
        up when the handler returns.
        """

    def close(self) -> None:
        """Let go of what the connection holds."""
