"""A provider of dynamic DNS for one name, by HTTPS: it says who asks from where, and is told it."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Provider:
    """`home`: the address that it sees, and `looks` how often it was asked for it.

    `told`: each update's path and Authorization.
    """

    home: str
    answer: str = "good"
    port: int = 0
    looks: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = provider.home
            if self.path.startswith("/nic/update"):
                provider.told.append((self.path, self.headers.get("Authorization", "")))
                text = provider.answer
            else:
                provider.looks += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    return Handler


@contextmanager
def serving(provider: Provider, certificate: Path) -> Iterator[Provider]:
    """On all of this machine's addresses: a container comes by its network's gateway."""
    server = ThreadingHTTPServer(("0.0.0.0", 0), _handler(provider))  # noqa: S104 - see above
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "fullchain.pem", certificate / "privkey.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
