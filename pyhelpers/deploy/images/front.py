"""A registry's read-only front: run on a line from the host, it asks the registry for it.

The host's engine sees a registry on its own loopback; credentials stay with us.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast

from requests import RequestException, codes

from pyhelpers.errors import ProtostarError

if TYPE_CHECKING:
    import requests

    from pyhelpers.deploy.images.progress import Meter
    from pyhelpers.deploy.images.registry import Registry
    from pyhelpers.hosts.protocol import Line

CHUNK_BYTES = 256 << 10
IDLE_S = 60.0
PATH = re.compile(
    r"/v2/(?P<name>[a-z0-9._/-]+)/(?P<kind>manifests|blobs)/(?P<version>[A-Za-z0-9_.:+-]+)"
)
ASKED_ON = ("Accept", "Range")
TOLD_ON = ("Content-Type", "Content-Length", "Content-Range", "Docker-Content-Digest")


@dataclass(slots=True)
class Origin:
    """What one front gives out: one repository of one registry, and what became of it."""

    registry: Registry
    repository: str
    layers: frozenset[str]
    meter: Meter
    problem: ProtostarError | None = field(default=None)

    def serve(self, line: Line) -> None:
        """Until the other end hangs up. Raises `OSError` when it does so in between."""
        Front(line, self)


class Front(BaseHTTPRequestHandler):
    """One connection of the host's engine."""

    protocol_version = "HTTP/1.1"
    # An engine with containerd's store tries TLS first, and http only after an answer that begins
    # with HTTP/; http.server would take what is no request for HTTP/0.9 and leave that out. (It
    # does not wait for a line's end either: a ClientHello holds one, its extension number 10.)
    default_request_version = "HTTP/1.0"
    timeout = IDLE_S

    def __init__(self, line: Line, origin: Origin) -> None:
        self._origin = origin
        # There is neither a server nor an address; the handler itself asks for neither.
        super().__init__(cast("Any", line), ("", 0), cast("Any", None))

    def finish(self) -> None:
        """A failed request leaves a circle that holds us: exception, frames, this handler.

        paramiko's file in such a circle prints a traceback of its own when it is collected.
        """
        super().finish()
        del self.rfile

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _refuse(self) -> None:
        self.close_connection = True  # its body was not read
        self._say(codes.method_not_allowed, "UNSUPPORTED", "this front only reads")

    do_POST = do_PUT = do_PATCH = do_DELETE = _refuse  # noqa: N815 - http.server's own names

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own name
        """The engine tells what matters."""

    def _answer(self) -> None:
        if self.path.rstrip("/") == "/v2":
            self._say(codes.ok)
            return
        found = PATH.fullmatch(self.path)
        if found is None or found["name"] != self._origin.repository:
            self._say(codes.not_found, "NAME_UNKNOWN", "this front has another repository")
            return
        self._pass_on(found["version"])

    def _pass_on(self, version: str) -> None:
        asked = {key: self.headers[key] for key in ASKED_ON if key in self.headers}
        try:
            answer = self._origin.registry.ask(self.command, self.path, asked)
        except ProtostarError as problem:
            # DENIED, because the engine would ask for a minute after anything else: it was tried.
            self._origin.problem = problem
            self._say(codes.forbidden, "DENIED", problem.error)
            return
        with answer:
            self._tell(answer)
            if self.command == "GET":
                self._stream(answer, is_layer=version in self._origin.layers)

    def _tell(self, answer: requests.Response) -> None:
        self.send_response(answer.status_code)
        for key in TOLD_ON:
            if key in answer.headers:
                self.send_header(key, answer.headers[key])
        if "Content-Length" not in answer.headers:
            self.send_header("Connection", "close")  # the end is then where the line ends
        self.end_headers()

    def _stream(self, answer: requests.Response, *, is_layer: bool) -> None:
        meter = self._origin.meter
        if is_layer and answer.status_code == codes.ok:  # not a part of one, asked for again
            meter.expect(int(answer.headers.get("Content-Length", 0)))
        try:
            for chunk in answer.iter_content(CHUNK_BYTES):
                self.wfile.write(chunk)
                if is_layer:
                    meter.moved(len(chunk))
        except RequestException as problem:
            self._origin.problem = self._origin.registry.unreachable(problem)
            self.close_connection = True  # in the middle of a body nothing can be said any more
            return
        if is_layer:
            meter.done()

    def _say(self, status: int, code: str = "", message: str = "") -> None:
        told = {"errors": [{"code": code, "message": message}]} if code else {}
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
