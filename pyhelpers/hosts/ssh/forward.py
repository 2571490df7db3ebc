"""Loopback ports of the host whose connections come to us through the line."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import paramiko

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.ssh.channels import let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyhelpers.hosts.protocol import Line
    from pyhelpers.hosts.ssh.pulse import Requests

    Handler = Callable[[Line], None]

LOOPBACK = "127.0.0.1"


class _Forward:
    """One port, and the connections that came through it."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._open: list[paramiko.Channel] = []
        self._over = False
        self._lock = threading.Lock()

    def serve(self, channel: paramiko.Channel) -> None:
        with self._lock:
            self._open = [channel, *(each for each in self._open if not each.closed)]
            late = self._over
        if late:
            let_go(channel)
        threading.Thread(target=self._handle, args=(channel,), daemon=True).start()

    def _handle(self, channel: paramiko.Channel) -> None:
        with suppress(OSError, EOFError):  # whoever asked, or the line, has gone; or `cut`
            self._handler(channel)
        let_go(channel)

    def cut(self) -> None:
        """Outside the lock: closing may wait for the thread that reads the line."""
        with self._lock:
            self._over, still_open = True, self._open
        for channel in still_open:
            let_go(channel)


class Forwards:
    """The server tells by its port which of them a connection is for."""

    def __init__(self, name: str, transport: paramiko.Transport, requests: Requests) -> None:
        self._name, self._transport, self._requests = name, transport, requests
        self._forwards: dict[int, _Forward] = {}

    @contextmanager
    def exposed(self, handler: Handler) -> Iterator[int]:
        """The port, chosen there: two deploys at once do not collide.

        At the end of the block the connections that are still open are cut.
        """
        port = self._asked()
        forward = self._forwards[port] = _Forward(handler)
        try:
            yield port
        finally:
            del self._forwards[port]
            forward.cut()
            self._requests.ask("cancel-tcpip-forward", (LOOPBACK, port))

    def _asked(self) -> int:
        try:
            return self._requests.forward(LOOPBACK, self._arrived)
        except (paramiko.SSHException, EOFError, OSError):
            raise Unreachable(
                error=f"{self._name}: its sshd allows no port forwarding from there to here",
                try_="AllowTcpForwarding in sshd_config, and permitlisten of the key, on that host",
            ) from None

    def _arrived(
        self, channel: paramiko.Channel, _origin: tuple[str, int], server: tuple[str, int]
    ) -> None:
        """In the thread that reads the line: it must not wait."""
        forward = self._forwards.get(server[1])
        if forward is None:
            let_go(channel)
        else:
            forward.serve(channel)
