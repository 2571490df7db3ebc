"""A real store whose clock is off: between it and its clients, on the engine's network.

A store that is ahead takes what is signed now for old, and dates its answers later. The signature
no longer fits the moved date, but a store looks at the date first.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

from bench.engine import docker

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNED_AT, FORM = "X-Amz-Date", "%Y%m%dT%H%M%SZ"
OF_THE_LINE = {"connection", "content-length", "date", "keep-alive", "transfer-encoding"}


@contextmanager
def shifted(store: str, network: str, by: timedelta) -> Iterator[str]:
    """Where containers on `network` find the store at `store` (host:port), its clock ahead."""

    class Shifted(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            headers = {**self.headers}
            if SIGNED_AT in headers:
                signed = datetime.strptime(headers[SIGNED_AT], FORM).replace(tzinfo=UTC)
                headers[SIGNED_AT] = f"{signed - by:{FORM}}"
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = f"http://{store}{self.path}"
            with httpx.Client(trust_env=False) as client:
                told = client.request(self.command, url, headers=headers, content=body)
            self.send_response_only(told.status_code)
            for name, value in told.headers.items():
                if name not in OF_THE_LINE:
                    self.send_header(name, value)
            self.send_header("Date", format_datetime(datetime.now(UTC) + by, usegmt=True))
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told.content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - their names

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    gateway = docker(
        "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", network
    )
    with ThreadingHTTPServer((gateway.strip(), 0), Shifted) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"{gateway.strip()}:{server.server_port}"
        finally:
            server.shutdown()
