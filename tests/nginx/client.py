"""A client that asks one server by one name, and trusts that name's own certificate."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Client:
    address: str
    name: str
    certificate: Path
    port: int = 443

    def by_name(self, name: str) -> Client:
        return replace(self, name=name)

    @property
    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate / "fullchain.pem"))

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        """`X_Real_IP="…"` sends X-Real-IP."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        with self._http() as http:
            return http.get(path, headers=named, extensions=self._sni)

    def put(self, path: str) -> httpx.Response:
        with self._http() as http:
            return http.put(path, content=b"x", extensions=self._sni)

    def first_event(self) -> str:
        """Of a stream that says one thing and then nothing for longer than this waits."""
        accept = {"Accept": "text/event-stream"}
        with (
            self._http() as http,
            http.stream("GET", "/events", headers=accept, extensions=self._sni) as answer,
        ):
            return next(answer.iter_lines())

    def _http(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"https://{self.address}:{self.port}",
            headers={"Host": self.name},
            verify=self.context,
            trust_env=False,
            timeout=PATIENCE_S,
        )

    @property
    def _sni(self) -> dict[str, str]:
        return {"sni_hostname": self.name}

    def said_back(self, text: str) -> str:
        """Over a WebSocket."""
        with connect(
            f"wss://{self.name}/ws",
            sock=self.connected(),
            ssl=self.context,
            server_hostname=self.name,
            proxy=None,
        ) as websocket:
            websocket.send(text)
            return str(websocket.recv(timeout=PATIENCE_S))

    def connected(self) -> socket.socket:
        return socket.create_connection((self.address, self.port), timeout=PATIENCE_S)

    def answer_to(self, sent: bytes) -> bytes:
        """All that comes back on a plain connection, until the server closes it."""
        with self.connected() as line:
            line.sendall(sent)
            return everything(line)

    def answer_over_tls(self, before: bytes = b"", host: str = "") -> bytes:
        """The same for a GET over TLS, with `before` sent in the clear first.

        `host`: who is asked for in the request, if not who was in the handshake.
        """
        with self.secured(before) as line:
            line.sendall(f"GET / HTTP/1.0\r\nHost: {host or self.name}\r\n\r\n".encode())
            return everything(line)

    @contextmanager
    def secured(self, before: bytes = b"") -> Iterator[ssl.SSLSocket]:
        line = self.context.wrap_socket(
            self.connected(), server_hostname=self.name, do_handshake_on_connect=False
        )
        with line:
            # Past TLS. Wrapped already: a server that closes on it meets no half-made socket.
            socket.socket.sendall(line, before)
            line.do_handshake()
            yield line


def everything(line: socket.socket) -> bytes:
    """A reset is an end, too; a server that lets go of nothing is none: TimeoutError."""
    found = b""
    try:
        while part := line.recv(65536):
            found += part
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return found
