"""A registry of a few blobs on a port of this machine, that can be told to misbehave."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Upstream:
    """`blobs` by their paths. With `password`, only who sends it gets an answer."""

    def __init__(self, blobs: Mapping[str, bytes], password: str = "") -> None:
        self.blobs, self.password = dict(blobs), password
        self.asked: list[tuple[str, str, str]] = []
        self.ends_after_bytes: int | None = None

    def __enter__(self) -> Self:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                upstream.answer(self)

            do_HEAD = do_GET  # noqa: N815 - http.server's own name

            def log_message(self, *about: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._serving.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._serving.join()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Any) -> None:
        told = request.headers
        self.asked.append((request.command, request.path, told.get("Range", "")))
        if self.password and told.get("Authorization") != f"Basic {self.password}":
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="made up"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        data = self.blobs.get(request.path)
        status = 200 if data is not None else 404
        start = int(told["Range"].removeprefix("bytes=").rstrip("-")) if "Range" in told else 0
        part = (data or b"")[start:]
        request.send_response(206 if start else status)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(part)}/{len(data or b'')}")
        request.send_header("Content-Length", str(len(part)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(part[: self.ends_after_bytes])
            request.close_connection = self.ends_after_bytes is not None
