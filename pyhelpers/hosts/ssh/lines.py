"""A long-lived process on the host that is spoken to in lines: the guard."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from pyhelpers.hosts.protocol import WAITING_LINES, ChannelClosed
from pyhelpers.hosts.ssh.channels import let_go
from pyhelpers.hosts.ssh.command import CHUNK_BYTES, execute, heard, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import paramiko

    from pyhelpers.hosts.ssh.channels import Channels

# A line that nobody takes for so long: the other end is gone or hangs.
SEND_S = 10.0


class Lines:
    """`Channel` over SSH. The process's stderr goes nowhere, as with a local one."""

    def __init__(self, channels: Channels, argv: Sequence[str]) -> None:
        self._channel: paramiko.Channel = channels.session()
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._channel.settimeout(SEND_S)
        execute(channels, self._channel, f"exec {line(argv)} 2>/dev/null")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        rest = b""
        with suppress(OSError, EOFError):
            while chunk := heard(self._channel.recv, CHUNK_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                for each in whole:
                    self._lines.put(each.decode(errors="replace"))
        self._lines.put(None)

    def send(self, line: str) -> None:
        try:
            self._channel.sendall(line.encode() + b"\n")
        except (OSError, EOFError):
            raise ChannelClosed from None

    def receive(self, deadline_s: float) -> str | None:
        try:
            heard = self._lines.get(timeout=deadline_s)
        except queue.Empty:
            return None
        if heard is None:
            self._lines.put(None)
            raise ChannelClosed
        return heard

    def close(self) -> None:
        """Its stdin ends; what it still does, it does without us."""
        let_go(self._channel)
