"""Stands for a worker: answers the question whether it is ready from a list."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def answering(in_flight: list[int | None]) -> Iterator[int]:
    """A port on loopback. Each request takes the next of `in_flight`, the last one stays.

    None: an answer that does not say it.
    """
    left = list(in_flight)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            jobs = left.pop(0) if len(left) > 1 else left[0]
            body = (
                {"status": "starting"} if jobs is None else {"consuming": False, "in_flight": jobs}
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args: object) -> None:
            """Not wanted on the test's screen."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
