"""The channels of one connection: opened with a deadline, never more than sshd allows."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import paramiko

from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

# sshd's MaxSessions is 10; the eleventh is refused. Two are left for what a person does there.
AT_MOST = 8
OPEN_S = 10.0
LOOK_S = 0.02


class LineCut(Unreachable):
    """The connection is gone."""


def let_go(channel: paramiko.Channel | paramiko.SFTPClient) -> None:
    """Close it. Where the line has gone, it is closed already."""
    with suppress(OSError, EOFError, paramiko.SSHException):
        channel.close()


class Channels:
    """Opens channels on a transport and counts those that are open."""

    def __init__(self, name: str, transport: paramiko.Transport) -> None:
        self.name = name
        self.transport = transport
        self._open: list[paramiko.Channel] = []
        self._lock = threading.Lock()
        self.opened = 0
        self.most = 0
        self._given_up_because = ""

    def session(self) -> paramiko.Channel:
        """For a command or a subsystem. Raises `LineCut`, or `Unreachable` when it is refused."""
        try:
            return self._opened(lambda: self.transport.open_session(timeout=OPEN_S))
        except ConnectionRefusedError as problem:
            raise Unreachable(
                error=f"the sshd of {self.name} gives no more sessions: {problem}",
                try_="sshd -T | grep -i maxsessions, on that host; 10 are its default",
            ) from None

    def to_port(self, port: int) -> paramiko.Channel:
        """To a loopback port of the host. Raises `LineCut`, or `OSError` when nobody listens."""
        return self._opened(
            lambda: self.transport.open_channel(
                "direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 0), timeout=OPEN_S
            )
        )

    def _opened(self, opening: Callable[[], paramiko.Channel]) -> paramiko.Channel:
        until = time.monotonic() + OPEN_S
        while True:
            with self._lock:
                self._open = [channel for channel in self._open if not channel.closed]
                if len(self._open) < AT_MOST:
                    return self._counted(opening)
            if time.monotonic() > until:
                raise Unreachable(
                    error=f"{self.name}: all {AT_MOST} channels are busy for {OPEN_S:g} s",
                    try_="the same command again",
                )
            time.sleep(LOOK_S)

    def _counted(self, opening: Callable[[], paramiko.Channel]) -> paramiko.Channel:
        try:
            channel = opening()
        except paramiko.ChannelException as problem:
            raise ConnectionRefusedError(problem.text) from None
        except (paramiko.SSHException, EOFError, OSError) as problem:
            raise self.cut(problem) from None
        self._open.append(channel)
        self.opened += 1
        self.most = max(self.most, len(self._open))
        return channel

    def given_up(self, because: str) -> None:
        """By our own side: what is cut from now on was cut for this reason."""
        self._given_up_because = because

    def cut(self, problem: object = "") -> LineCut:
        late = "it does not answer in time" if isinstance(problem, TimeoutError) else ""
        why = self._given_up_because or late or str(problem)
        return LineCut(
            error=f"the connection to {self.name} was cut{f' ({why})' if why else ''}",
            try_="the same command again: it goes on from what stands",
        )
