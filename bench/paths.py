"""`script/bench paths`: what must hold of both network paths, and what the proxy costs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import CHECKOUT
from bench.output import BenchError, Figure, note
from tests.e2e.colours import wait_until
from tests.nginx.client import Client
from tests.nginx.files import GRAFANA, OPS, config, rendered, write
from tests.nginx.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

    from bench.output import Value

PAIRS = 400
# Centre takes 50 requests a second of one client.
EVERY_S = 0.025
NEAR = "near"
FIGURES = (
    Figure("checks", "of both paths, by real clients of three real nginx", least=50),
    Figure("failed", "of them did not hold", most=0),
    Figure("near_ms_p50", "a request to a tool, straight to ops-nginx; median"),
    Figure("proxied_ms_p50", "the same through the proxy; median"),
    Figure("extra_hop_ms_p50", "the difference", most=1),
)


def measure(rounds: int | None) -> dict[str, Value]:
    checks, failed = _checks()
    note(f"{checks} checks, {failed} failed")
    near, proxied = _times(rounds or PAIRS)
    return {
        "checks": checks,
        "failed": failed,
        "near_ms_p50": near,
        "proxied_ms_p50": proxied,
        "extra_hop_ms_p50": proxied - near,
    }


def _checks() -> tuple[int, int]:
    """The tests of tests/nginx: how many, and how many failed."""
    with tempfile.TemporaryDirectory(prefix="protostar-paths-") as folder:
        path = Path(folder) / "found.xml"
        argv = [sys.executable, "-m", "pytest", "-q", "tests/nginx", f"--junit-xml={path}"]
        subprocess.run(argv, check=False, cwd=CHECKOUT, stdout=sys.stderr)
        if not path.exists():
            raise BenchError("the checks did not run to their end; they say why above")
        suite = ET.parse(path).find("testsuite")  # noqa: S314 - pytest's own
    if suite is None:
        raise BenchError("pytest has written no testsuite")
    return int(suite.get("tests", 0)), int(suite.get("failures", 0)) + int(suite.get("errors", 0))


def _times(pairs: int) -> tuple[float, float]:
    """Medians of requests on kept-alive connections, in turns: straight, and through the proxy."""
    with _servers() as at:
        through = Client(at.proxy, GRAFANA, at.certificates / OPS)
        straight = Client(at.address("wan", 5), GRAFANA, at.certificates / OPS, 8888)
        header = f"PROXY TCP4 {at.address('wan', 1)} {straight.address} 1 8888\r\n".encode()
        with straight.secured(header) as one, through.secured() as other:
            near, proxied = _over(one, straight), _over(other, through)
            found = [(_ms(near), _ms(proxied)) for _ in range(pairs)]
    first, second = zip(*found, strict=True)
    return statistics.median(first), statistics.median(second)


@contextmanager
def _servers() -> Iterator[Installation]:
    """And a second ops-nginx, to which this process is the proxy."""
    with tempfile.TemporaryDirectory(prefix="protostar-bench-") as folder:
        at = Installation(Path(folder) / "servers")
        try:
            at.start()
            us, address = at.address("wan", 1), at.address("wan", 5)
            write(at.files(NEAR), rendered(config(us, us), "centre"))
            at.nginx(NEAR, "wan", address, *at.keys, beside="lan")
            wait_until(partial(at.loaded, NEAR, address), f"{NEAR} answers", 20)
            yield at
        finally:
            at.remove()


def _over(line: socket, client: Client) -> HTTPConnection:
    connection = HTTPConnection(client.name)
    connection.sock = line
    return connection


def _ms(connection: HTTPConnection) -> float:
    time.sleep(EVERY_S / 2)
    began = time.perf_counter()
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    if answer.status != HTTPStatus.OK:
        raise BenchError(f"{connection.host} answered {answer.status}")
    return (time.perf_counter() - began) * 1000
