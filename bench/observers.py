"""`script/bench observers`: what Prometheus and the collector take with 20,000 series.

An hour is shortened to ten minutes: what Prometheus holds in memory is its series, and the samples
of two hours, which are a byte or two each. In the middle the way to Centre is shut.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import urllib.parse
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.engine import docker, free_port
from bench.every import Every
from bench.output import BenchError, Figure, note
from tests import observed
from tests.e2e.rendered import rendered
from tests.e2e.stacks import ServerStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.output import Value

MINUTES, SERIES, LOOK_S, SETTLE_S = 10, 20_000, 5.0, 60.0
CENTRE = ("prometheus", "alertmanager", "intake")
MIB = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
FIGURES = (
    Figure("series", "that Prometheus holds at the end", least=SERIES),
    Figure("minutes", "that they were kept for; an hour and a day differ by bytes a sample"),
    Figure("prometheus_mb_max", "memory of Prometheus, its limit beside", most=1024),
    Figure("collector_mb_max", "memory of the collector on A5, its limit beside", most=256),
    Figure("alertmanager_mb_max", "memory of Alertmanager, its limit beside", most=128),
    Figure("away_s", "that Centre's intake was shut in the middle"),
    Figure("scrapes", "that A5's collector made of one exporter"),
    Figure("lost", "of them, not in Prometheus at the end", most=0),
    Figure("query_s_max", "the slowest query of a dashboard"),
)


class Exporter(BaseHTTPRequestHandler):
    """20,000 series, whose values change at each scrape."""

    scrapes: list[float]
    labels = tuple(f'bench_series{{shard="{n % 50}",number="{n}"}} ' for n in range(SERIES))

    def do_GET(self) -> None:
        self.scrapes.append(time.time())
        value = len(self.scrapes)
        body = "".join(f"{name}{value}\n" for name in self.labels).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own name
        """A line a scrape says nothing."""


def measure(rounds: int | None) -> dict[str, Value]:
    """`rounds`: minutes."""
    minutes = rounds or MINUTES
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-observers-")))
        # Prometheus, who is nobody, has to read what is mounted from here.
        folder.chmod(0o755)
        port, scrapes = stack.enter_context(exporting())
        centre = stack.enter_context(running(centre_of(folder), *CENTRE))
        a5 = stack.enter_context(running(a5_of(folder, port), "collector"))
        docker("network", "connect", f"{centre.project}-intake_network", a5.container("collector"))
        peak: dict[str, float] = {}
        with Every(LOOK_S, lambda: looked(peak, centre, a5)):
            away_s = kept_for(minutes * 60, centre)
            made = len(scrapes)
            arrived = settled(centre, made)
        return {
            "series": int(value(centre, "prometheus_tsdb_head_series")),
            "minutes": minutes,
            **peak,
            "away_s": away_s,
            "scrapes": made,
            "lost": made - arrived,
            "query_s_max": max(asked_s(centre, expr) for _, expr in observed.queries()),
        }


@contextmanager
def exporting() -> Iterator[tuple[int, list[float]]]:
    scrapes: list[float] = []
    handler = type("ThisExporter", (Exporter,), {"scrapes": scrapes})
    with ThreadingHTTPServer(("", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], scrapes
        server.shutdown()


def centre_of(folder: Path) -> ServerStack:
    given = {"PROTOSTAR_INTAKE_LISTEN": f"127.0.0.1:{free_port()}"}
    return ServerStack("centre", folder, given=given, source=rendered(folder, "centre", {}, {}))


def a5_of(folder: Path, port: int) -> ServerStack:
    """Its collector asks this process beside what is shipped."""
    job = f'  - {{job_name: bench, static_configs: [{{targets: ["bench:{port}"]}}]}}\n'
    changed = {"\nremote_write:\n": f"\n{job}\nremote_write:\n"}
    source = rendered(folder, "a5", {"INTAKE_URL": "http://intake:7171"}, changed)
    more = {"collector": {"extra_hosts": ["bench:host-gateway"]}}
    return ServerStack("a5", folder, more=more, source=source)


@contextmanager
def running(stack: ServerStack, *services: str) -> Iterator[ServerStack]:
    try:
        stack.up(*services)
        yield stack
    finally:
        stack.remove()


def kept_for(seconds: float, centre: ServerStack) -> float:
    """The middle fifth of the time nobody on Centre opens."""
    note(f"{SERIES} series for {seconds:.0f} s, the intake shut in the middle")
    time.sleep(seconds * 0.4)
    began = time.monotonic()
    docker("stop", "--time", "1", centre.container("intake"))
    time.sleep(seconds * 0.2)
    docker("start", centre.container("intake"))
    away_s = time.monotonic() - began
    time.sleep(seconds * 0.4)
    return away_s


def looked(peak: dict[str, float], centre: ServerStack, a5: ServerStack) -> None:
    of = {
        centre.container("prometheus"): "prometheus_mb_max",
        centre.container("alertmanager"): "alertmanager_mb_max",
        a5.container("collector"): "collector_mb_max",
    }
    shown = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *of)
    for line in shown.splitlines():
        name, used = line.split()[:2]
        number = used.rstrip("KMGiB")
        mib = float(number) * MIB[used.removeprefix(number)]
        peak[of[name]] = max(peak.get(of[name], 0.0), mib)


def settled(centre: ServerStack, made: int) -> int:
    """How many scrapes of one series are there, as soon as all are, or after a minute."""
    give_up_at = time.monotonic() + SETTLE_S
    while True:
        arrived = int(value(centre, 'sum(count_over_time(bench_series{number="0"}[2h]))'))
        if arrived >= made or time.monotonic() > give_up_at:
            return min(arrived, made)
        time.sleep(1)


def value(centre: ServerStack, expr: str) -> float:
    found = answer(centre, expr)
    return float(found[0]["value"][1]) if found else 0.0


def asked_s(centre: ServerStack, expr: str) -> float:
    began = time.monotonic()
    answer(centre, observed.asked(expr))
    return time.monotonic() - began


def answer(centre: ServerStack, expr: str) -> list[dict[str, Any]]:
    url = f"http://127.0.0.1:9090/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
    told = centre.within("prometheus", "wget", "-qO-", url)
    if told.returncode:
        raise BenchError(f"Prometheus: {told.stderr.strip()}")
    found: list[dict[str, Any]] = json.loads(told.stdout)["data"]["result"]
    return found
