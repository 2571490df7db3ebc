"""Whether the other end still answers. Without it, a silent line would be waited for, for hours."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

EVERY_S = 2.0
# Longer than the guard's patience: when we give up, it has flipped back already.
DEAD_S = 10.0


class Requests:
    """Global requests, one at a time: paramiko keeps a single answer for all of them."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()

    def ask(self, kind: str, data: tuple[object, ...] = ()) -> None:
        """Returns when the server has answered, yes or no, or when the connection is closed."""
        with self._lock:
            self._transport.global_request(kind, data or None, wait=True)

    def forward(self, address: str, handler: Callable[..., None]) -> int:
        """A port of the server's choice. Raises paramiko's `SSHException` when it is refused."""
        with self._lock:
            return self._transport.request_port_forward(address, 0, handler)


class Pulse:
    """Closes the transport when the server has not answered for `DEAD_S`, and tells why."""

    def __init__(
        self, transport: paramiko.Transport, requests: Requests, tell: Callable[[str], None]
    ) -> None:
        self._transport, self._requests, self._tell = transport, requests, tell
        self._heard = time.monotonic()
        for target in (self._beat, self._watch):
            threading.Thread(target=target, daemon=True).start()

    def _beat(self) -> None:
        while self._transport.is_active():
            self._requests.ask("keepalive@openssh.com")
            self._heard = time.monotonic()
            time.sleep(EVERY_S)

    def _watch(self) -> None:
        while self._transport.is_active():
            if time.monotonic() - self._heard > DEAD_S:
                self._tell(f"it has said nothing for {DEAD_S:g} s")
                self._transport.close()
            time.sleep(EVERY_S / 4)
