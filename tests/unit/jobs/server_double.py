"""The double on a socket of the loopback, and everything that can go wrong on the way to it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal, Self

from tests.unit.jobs.jenkins_double import PAGE, JenkinsDouble, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

Fault = Literal[
    "401", "403", "404", "500", "503", "silence", "cut", "half", "cut after", "trickle", "crumb"
]


LONG_BYTES = 1000


class ServerDouble:
    """`faults`: what happens to the n-th request, counted from 1."""

    def __init__(self, jenkins: JenkinsDouble) -> None:
        self.jenkins = jenkins
        self.faults: dict[int, Fault] = {}
        self.requests = 0
        self.released = threading.Event()
        self.connections = 0
        handler = type("Bound", (_Handler,), {"double": self})
        self._http = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    double: ServerDouble
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        self.double.connections += 1
        super().setup()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """The tests' output is for tests."""

    def _serve(self) -> None:
        self.double.requests += 1
        fault = self.double.faults.get(self.double.requests)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        headers = {key.lower(): value for key, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        if fault is None:
            self._send(self.double.jenkins.answer(request))
        else:
            self._break(fault, request)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - their own names

    def _break(self, fault: Fault, request: Request) -> None:
        if fault.isdigit():
            self._send(Reply(int(fault), PAGE))
        elif fault == "crumb":
            self.double.jenkins.crumb += 1
            self._send(self.double.jenkins.answer(request))
        elif fault == "silence":
            self.double.released.wait(20)
            self.close_connection = True
        elif fault == "trickle":
            self._trickle()
        else:
            self._cut(fault, request)

    def _cut(self, fault: Fault, request: Request) -> None:
        reply = self.double.jenkins.answer(request) if fault != "cut" else Reply(200)
        if fault == "half":
            body = reply.body.encode() or b"nothing"
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(body) + 100))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            while not self.double.released.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()

    def _send(self, reply: Reply) -> None:
        body = reply.body.encode()
        packed = len(body) > LONG_BYTES and "gzip" in self.headers.get("Accept-Encoding", "")
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if packed:
            self._send_packed(body)
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        self.wfile.flush()

    def _send_packed(self, body: bytes) -> None:
        """As Jetty does with what is long: packed, in chunks, some of them too short to unpack."""
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        packed = gzip.compress(body)
        for chunk in (packed[:5], packed[5:40], packed[40:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()


@contextlib.contextmanager
def serving(jenkins: JenkinsDouble) -> Iterator[ServerDouble]:
    with ServerDouble(jenkins) as server:
        yield server
