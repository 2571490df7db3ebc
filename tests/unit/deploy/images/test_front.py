"""What the host's engine is answered on its loopback: this repository, to read, and no more."""

from __future__ import annotations

import gc
import os
import socket
import threading
import tracemalloc
import weakref
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pyhelpers.deploy.images.credentials import Credentials
from pyhelpers.deploy.images.front import Origin
from pyhelpers.deploy.images.progress import Meter
from pyhelpers.deploy.images.registry import Registry
from pyhelpers.hosts.local import LocalHost
from tests.unit.deploy.doubles import StoppedClock
from tests.unit.deploy.images.upstream import Upstream, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYER = os.urandom(1_000_000)
MANIFEST = b'{"layers": []}'
OF_LAYER = f"/v2/shop/api/blobs/{digest_of(LAYER)}"
OF_MANIFEST = f"/v2/shop/api/manifests/{digest_of(MANIFEST)}"
BLOBS = {OF_LAYER: LAYER, OF_MANIFEST: MANIFEST, "/v2/other/blobs/x": b"secret"}


class Exposed:
    """A front on a port of this machine, and what it has counted."""

    def __init__(self, origin: Origin, port: int) -> None:
        self.origin, self.port = origin, port

    def ask(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        with LocalHost("here", PurePosixPath("/")).session(self.port) as session:
            url = f"http://127.0.0.1:{self.port}{path}"
            return session.request(method, url, headers=headers, timeout=10)


@contextmanager
def front(upstream: Upstream, known: Credentials | None = None) -> Iterator[Exposed]:
    registry = Registry(upstream.address, find_credentials=lambda _: known, between_s=0)
    meter = Meter(lambda _text: None, StoppedClock(), 1)
    origin = Origin(registry, "shop/api", frozenset([digest_of(LAYER)]), meter)
    with LocalHost("here", PurePosixPath("/")).exposed(origin.serve) as port:
        yield Exposed(origin, port)
    registry.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(BLOBS) as upstream:
        yield upstream


class TestItGivesOut:
    def test_the_api_is_there(self, upstream: Upstream) -> None:
        with front(upstream) as exposed:
            assert exposed.ask("/v2/").status_code == 200
        assert upstream.asked == []

    def test_a_manifest_and_a_layer_as_they_are(self, upstream: Upstream) -> None:
        with front(upstream) as exposed:
            assert exposed.ask(OF_MANIFEST).content == MANIFEST
            assert exposed.ask(OF_LAYER).content == LAYER

    def test_the_rest_of_a_layer(self, upstream: Upstream) -> None:
        with front(upstream) as exposed:
            answer = exposed.ask(OF_LAYER, Range="bytes=999000-")
        assert (answer.status_code, answer.content) == (206, LAYER[999_000:])
        assert answer.headers["Content-Range"].startswith("bytes 999000-")

    def test_a_head_without_its_body(self, upstream: Upstream) -> None:
        with front(upstream) as exposed:
            answer = exposed.ask(OF_LAYER, "HEAD")
        assert (answer.headers["Content-Length"], answer.content) == ("1000000", b"")
        assert upstream.asked[-1][0] == "HEAD"

    def test_what_the_registry_has_not(self, upstream: Upstream) -> None:
        with front(upstream) as exposed:
            assert exposed.ask("/v2/shop/api/manifests/none").status_code == 404

    def test_layers_are_counted_and_papers_are_not(self, upstream: Upstream) -> None:
        with front(upstream) as exposed:
            exposed.ask(OF_MANIFEST)
            exposed.ask(OF_LAYER)
            meter = exposed.origin.meter
        assert (meter.moved_bytes, meter.total_bytes, meter.layers_done) == (
            1_000_000,
            1_000_000,
            1,
        )

    def test_many_at_once(self, upstream: Upstream) -> None:
        got: list[bytes] = []
        with front(upstream) as exposed:
            askers = [
                threading.Thread(target=lambda: got.append(exposed.ask(OF_LAYER).content))
                for _ in range(6)
            ]
            for each in askers:
                each.start()
            for each in askers:
                each.join()
        assert got == [LAYER] * 6


class TestItKeepsToItself:
    @pytest.mark.parametrize(
        "path",
        [
            "/v2/other/blobs/x",
            "/v2/shop/api/tags/list",
            "/v2/_catalog",
            "/v2/shop/api/blobs/../../../other/blobs/x",
            "/v2/shop/api/blobs/uploads/x",
            "/",
            "/v2/shop/api/manifests/v2?n=1",
        ],
    )
    def test_nothing_but_this_repository(self, upstream: Upstream, path: str) -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        with (
            front(upstream) as exposed,
            socket.create_connection(("127.0.0.1", exposed.port), timeout=5) as line,
        ):
            line.sendall(request.encode())
            assert line.recv(64).startswith(b"HTTP/1.1 404 ")
        assert upstream.asked == []

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_nothing_is_changed(self, upstream: Upstream, method: str) -> None:
        with front(upstream) as exposed:
            assert exposed.ask(OF_MANIFEST, method).status_code == 405
        assert upstream.asked == []

    def test_the_credentials_stay_with_us(self) -> None:
        ann = Credentials("ann", "hunter2")
        with Upstream(BLOBS, "YW5uOmh1bnRlcjI=") as upstream, front(upstream, ann) as exposed:
            answer = exposed.ask(OF_LAYER)
        assert answer.content == LAYER
        assert "YW5u" not in str(answer.headers)

    def test_what_is_no_request_is_told_so_in_http(self, upstream: Upstream) -> None:
        """By that an engine with containerd's store knows that there is no TLS here."""
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x00\x0a\x00"
        with (
            front(upstream) as exposed,
            socket.create_connection(("127.0.0.1", exposed.port), timeout=5) as line,
        ):
            line.sendall(hello)
            assert line.recv(64).startswith(b"HTTP/1.")


class TestTheRegistryFails:
    def test_one_that_is_gone_is_told_so_that_the_engine_gives_up(self, upstream: Upstream) -> None:
        with front(upstream) as exposed:
            exposed.ask(OF_MANIFEST)
            upstream.blobs.clear()
            exposed.origin.registry._session.close()
            exposed.origin.registry.address = "127.0.0.1:1"
            answer = exposed.ask(OF_LAYER)
            problem: Any = exposed.origin.problem
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "DENIED"
        assert "the registry 127.0.0.1:1 does not answer" in problem.error

    def test_one_that_dies_in_a_layer_is_remembered_and_the_line_cut(
        self, upstream: Upstream
    ) -> None:
        upstream.ends_after_bytes = 300_000
        with front(upstream) as exposed:
            with pytest.raises(requests.RequestException):
                exposed.ask(OF_LAYER)
            problem: Any = exposed.origin.problem
            assert exposed.origin.meter.layers_done == 0
        assert f"the registry {upstream.address} does not answer" in problem.error


def test_a_layer_is_never_whole_in_memory() -> None:
    large = bytes(32 << 20)
    path = f"/v2/shop/api/blobs/{digest_of(large)}"
    with (
        Upstream({path: large}) as upstream,
        front(upstream) as exposed,
        LocalHost("here", PurePosixPath("/")).session(exposed.port) as session,
    ):
        url = f"http://127.0.0.1:{exposed.port}{path}"
        tracemalloc.start()
        try:
            with session.get(url, stream=True, timeout=30) as answer:
                moved = sum(len(chunk) for chunk in answer.iter_content(256 << 10))
            # The made-up registry sends its own copy in one piece.
            assert tracemalloc.get_traced_memory()[1] < len(large) + (4 << 20)
        finally:
            tracemalloc.stop()
    assert moved == len(large)


class WatchedLine:
    """A line that remembers what was opened on it, without holding it."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.files: list[weakref.ref[Any]] = []

    def makefile(self, mode: str, buffering: int) -> Any:
        file: Any = self._line.makefile(mode, buffering)  # type: ignore[call-overload]  # handed on
        self.files.append(weakref.ref(file))
        return file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


def test_a_failed_request_leaves_no_file_to_the_collector() -> None:
    """paramiko's would print a traceback below the error's three lines."""
    ours, theirs = socket.socketpair()
    nobody = Registry("127.0.0.1:1", between_s=0)
    meter = Meter(lambda _text: None, StoppedClock(), 1)
    origin, line = Origin(nobody, "shop/api", frozenset(), meter), WatchedLine(ours)
    with ours, theirs:
        theirs.sendall(f"GET {OF_LAYER} HTTP/1.0\r\n\r\n".encode())
        gc.collect()
        gc.disable()
        try:
            origin.serve(line)
            assert [file() for file in line.files] == [None]
        finally:
            gc.enable()
    assert origin.problem is not None
