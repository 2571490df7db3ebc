"""Loopback ports of the host whose connections come to us through the line."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import paramiko

from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyhelpers.hosts.protocol import Line
    from pyhelpers.hosts.ssh.pulse import Requests

    Handler = Callable[[Line], None]

LOOPBACK = "127.0.0.1"


class Forwards:
    """The server tells by its port which of them a connection is for."""

    def __init__(self, name: str, transport: paramiko.Transport, requests: Requests) -> None:
        self._name, self._transport, self._requests = name, transport, requests
        self._handlers: dict[int, Handler] = {}

    @contextmanager
    def exposed(self, handler: Handler) -> Iterator[int]:
        """The port, chosen there: two deploys at once do not collide."""
        port = self._asked()
        self._handlers[port] = handler
        try:
            yield port
        finally:
            del self._handlers[port]
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
        handler = self._handlers.get(server[1])
        if handler is None:
            channel.close()
            return
        threading.Thread(target=_handled, args=(handler, channel), daemon=True).start()


def _handled(handler: Handler, channel: paramiko.Channel) -> None:
    with suppress(OSError, EOFError):  # whoever asked, or the line, has gone
        handler(channel)
    channel.close()
