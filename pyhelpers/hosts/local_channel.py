"""A process of this machine that is spoken to in lines."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from pyhelpers.hosts.protocol import WAITING_LINES, ChannelClosed

if TYPE_CHECKING:
    import subprocess


class LocalChannel:
    """A process in a session of its own, so that our Ctrl-C is not its."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with pipe(self._process.stdout) as stdout:
            for line in stdout:
                self._lines.put(line.decode(errors="replace").rstrip("\n"))
        self._process.wait()
        self._lines.put(None)

    def send(self, line: str) -> None:
        stdin = pipe(self._process.stdin)
        try:
            stdin.write(line.encode() + b"\n")
            stdin.flush()
        except (BrokenPipeError, ValueError):  # it is gone, or we closed it ourselves
            raise ChannelClosed from None

    def receive(self, deadline_s: float) -> str | None:
        try:
            line = self._lines.get(timeout=deadline_s)
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)
            raise ChannelClosed
        return line

    def close(self) -> None:
        with suppress(BrokenPipeError):  # gone already is what we wanted
            pipe(self._process.stdin).close()


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("a process was started without pipes")
    return stream
