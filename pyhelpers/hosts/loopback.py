"""A port of this machine's loopback whose connections are answered by us."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyhelpers.hosts.protocol import Line

    Handler = Callable[[Line], None]

END_S = 5.0


@contextmanager
def exposed(handler: Handler) -> Iterator[int]:
    """The port. At the end of the block the lines that are still open are cut."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lines = _Lines(handler)
        accepting = threading.Thread(target=lines.accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread; closing alone would not
            accepting.join(END_S)
            lines.cut()


class _Lines:
    """Every connection that was made, each in a thread of its own."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._open: dict[socket.socket, threading.Thread] = {}

    def accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it was shut down: the block has ended
            while True:
                line, _ = listener.accept()
                self._forget_ended()
                self._open[line] = threading.Thread(target=self._serve, args=(line,), daemon=True)
                self._open[line].start()

    def _serve(self, line: socket.socket) -> None:
        with line, suppress(OSError):  # whoever connected has hung up, or `cut` has
            self._handler(cast("Line", line))  # its modes are literals, the protocol's a str

    def _forget_ended(self) -> None:
        self._open = {line: serving for line, serving in self._open.items() if serving.is_alive()}

    def cut(self) -> None:
        for line, serving in self._open.items():
            with suppress(OSError):  # closed already by its own thread
                line.shutdown(socket.SHUT_RDWR)
            serving.join(END_S)
