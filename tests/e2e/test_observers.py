"""A5's exporters and Centre's observers: a figure arrives, an alert reaches its webhook."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import tempfile
import threading
import time
import urllib.parse
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bench.engine import CHECKOUT, LABEL, docker, free_port
from pyhelpers.backup import metrics as backups
from pyhelpers.backup.model import Checked, Snapshot
from pyhelpers.certs import metrics as certificates
from pyhelpers.deploy import metrics as deploys
from tests import observed
from tests.unit.deploy import builders

from .colours import wait_until
from .rendered import rendered
from .stacks import ServerStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

A5 = (
    *("postgres", "queue", "cache", "node-exporter", "gateway-exporter", "postgres-exporter"),
    *("queue-exporter", "cache-exporter", "collector", "log-engine"),
)
CENTRE = ("registry", "node-exporter", "prometheus", "alertmanager", "intake")
# What stands in the shipped files, and what a test has the patience for.
EVERY = {"scrape_interval: 15s": "scrape_interval: 2s", "interval: 15s": "interval: 2s"}
# What Prometheus judges before it has looked for Alertmanager, it tells again a minute later.
AGAIN = "      - --query.max-concurrency=4\n"
WAITS = {
    "group_wait: 30s": "group_wait: 1s",
    AGAIN: f"{AGAIN}      - --rules.alert.resend-delay=2s\n",
}
PASSWORD = "of-intake_secret_key"
# The worker's image is made in a stage of its own; its figures are looked at there.
WORKERS = {
    name for name in observed.own() if not re.match(r"protostar_(back|cert|depl|gate)", name)
}


class Hook(BaseHTTPRequestHandler):
    """Takes what Alertmanager posts."""

    told: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.append((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own name
        """Nothing: a test's output is its failures."""


@pytest.fixture(scope="module")
def hook() -> Iterator[tuple[int, list[tuple[str, dict[str, Any]]]]]:
    told: list[tuple[str, dict[str, Any]]] = []
    handler = type("ThisHook", (Hook,), {"told": told})
    server = ThreadingHTTPServer(("", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], told
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Which node-exporter, who is nobody, can enter: pytest's own folders are their owner's."""
    made = Path(tempfile.mkdtemp(prefix="observers-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def centre(
    folder: Path, hook: tuple[int, object], tags: list[str], tmp_path_factory: Any
) -> Iterator[ServerStack]:
    given = {
        "ALERT_WEBHOOK": f"http://hook:{hook[0]}/operator",
        "ALERT_WATCHDOG": f"http://hook:{hook[0]}/watchdog",
    }
    stack = ServerStack(
        "centre",
        tmp_path_factory.mktemp("centre"),
        more={"alertmanager": {"extra_hosts": ["hook:host-gateway"]}},
        given={
            "PROTOSTAR_INTAKE_LISTEN": f"127.0.0.1:{free_port()}",
            "PROTOSTAR_ROOT": str(folder / "centre-root"),
        },
        source=rendered(folder, "centre", given, EVERY | WAITS),
    )
    tags.append(stack.tag)
    (folder / "centre-root" / "metrics").mkdir(parents=True)
    yield from running(stack, CENTRE)


@pytest.fixture(scope="module")
def a5(
    folder: Path, centre: ServerStack, tags: list[str], tmp_path_factory: Any
) -> Iterator[ServerStack]:
    stack = ServerStack(
        "a5",
        tmp_path_factory.mktemp("a5"),
        given={
            "PROTOSTAR_ROOT": str(folder / "a5-root"),
            "PROTOSTAR_ENGINE_DATA": docker("info", "--format", "{{.DockerRootDir}}").strip(),
            "DOCKER_GID": str(Path("/var/run/docker.sock").stat().st_gid),
        },
        source=rendered(folder, "a5", {"INTAKE_URL": "http://intake:7171"}, EVERY),
    )
    tags.append(stack.tag)
    figures(folder / "a5-root" / "metrics")
    for each in running(stack, A5):
        each.job("postgres-setup")
        # Two servers on one engine: the way between them.
        network = f"{centre.project}-intake_network"
        docker("network", "connect", network, stack.container("collector"))
        yield each


def running(stack: ServerStack, services: tuple[str, ...]) -> Iterator[ServerStack]:
    try:
        stack.up(*services)
        yield stack
    finally:
        stack.remove()


def figures(folder: Path) -> None:
    """As backups, certificates and deploys leave them, by their own words."""
    folder.mkdir(parents=True)
    now = time.time()
    taken = Snapshot("s1", "/sources/root", now, now, size_bytes=1000)
    of_backups = backups.of_backups("a5", [taken])
    well = [Checked("postgres", "rows")]
    checks = [backups.of_checks("a5", kind, well, now, "") for kind in ("drill", "verify")]
    (deployed,) = builders.history("deploy v1 blue done")
    deployed = dataclasses.replace(deployed, steps={"bake": 30.0})
    texts = {
        "backups": of_backups + "".join(checks),
        "wal": f'{observed.WAL}{{host="a5"}} {now:.0f}\n',
        "certificates": certificates.text(
            "a5", [certificates.Row("shop", now + 30 * 86400, failed=False)]
        ),
        "deploys": deploys.text("a5", "api", [deployed]),
    }
    for name, text in texts.items():
        (folder / f"{name}.prom").write_text(text)


@pytest.fixture(scope="module")
def gateway(a5: ServerStack, folder: Path) -> Iterator[str]:
    """An nginx that logs as the gateway does; a service of this run's own name, and where it is."""
    at = folder / "gateway"
    at.mkdir()
    for mixin in ("basics.conf", "log.conf"):
        shutil.copy(CHECKOUT / "nginx/mixins" / mixin, at)
    (at / "nginx.conf").write_text(
        "pid /tmp/nginx.pid; events {} http { include basics.conf; include log.conf;"
        " server { listen 8080; set $service shop-TAG; set $colour green;"
        " location / { return 200; } location /bad { return 503; } } }".replace("TAG", a5.tag)
    )
    name = f"{a5.project}-gateway"
    limits = ["--user", "101:101", "--tmpfs", "/tmp", "--read-only"]  # noqa: S108 - in the container
    run = ["run", "--detach", "--name", name, "--label", f"{LABEL}={a5.tag}", *limits]
    argv = [*run, "--log-driver", "json-file", "--volume", f"{at}:/etc/gateway:ro"]
    docker(
        *argv, "protostar/nginx:1.30", "nginx", "-c", "/etc/gateway/nginx.conf", "-g", "daemon off;"
    )
    where = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    yield f"http://{docker('inspect', '--format', where, name).strip()}:8080"
    docker("rm", "--force", name)


def answers(centre: ServerStack, expr: str) -> list[dict[str, Any]]:
    """What Prometheus says to a PromQL expression now."""
    query = urllib.parse.urlencode({"query": expr})
    url = f"http://127.0.0.1:9090/api/v1/query?{query}"
    told = centre.within("prometheus", "wget", "-qO-", url)
    assert told.returncode == 0, (expr, told.stderr)
    found: list[dict[str, Any]] = json.loads(told.stdout)["data"]["result"]
    return found


def value(centre: ServerStack, expr: str) -> float | None:
    found = answers(centre, expr)
    return float(found[0]["value"][1]) if found else None


def soon(condition: Callable[[], object], what: str, within_s: float) -> None:
    """Polled a few times a second: each question is a program in a container."""

    def holds() -> bool:
        found = bool(condition())
        time.sleep(0 if found else 0.3)
        return found

    wait_until(holds, what, within_s)


def test_what_a5_says_arrives_on_centre(a5: ServerStack, centre: ServerStack) -> None:
    there = 'up{host="a5",job=~"node|postgres|redis|gateway|collector"} == 1'
    soon(lambda: len(answers(centre, there)) == 6, "six exporters of A5 answer", 30)
    # The exporter was there before the user that it comes as.
    soon(lambda: value(centre, 'pg_up{host="a5"}') == 1, "the database is asked", 20)
    assert value(centre, 'redis_up{host="a5",service="queue"}') == 1
    assert value(centre, 'redis_up{host="a5",service="cache"}') == 1


def test_centre_asks_its_own(centre: ServerStack) -> None:
    there = 'up{host="centre",job=~"node|prometheus|alertmanager|registry"} == 1'
    soon(lambda: len(answers(centre, there)) == 4, "four of Centre answer", 30)


def test_without_the_password_and_on_other_paths_nobody_comes_in(centre: ServerStack) -> None:
    base = f"http://{centre.given['PROTOSTAR_INTAKE_LISTEN']}"
    known = httpx.BasicAuth("a5", PASSWORD)
    with httpx.Client(base_url=base, trust_env=False, timeout=5) as client:
        assert client.post("/api/v1/write").status_code == 401
        assert client.post("/api/v1/write", auth=("a5", "other")).status_code == 401
        assert client.get("/api/v1/write", auth=known).status_code == 403
        assert client.get("/api/v1/query?query=up", auth=known).status_code == 404
        # Known and let through: Prometheus itself says what is wrong with it.
        assert client.post("/api/v1/write", auth=known).status_code in (400, 415)
        # Loki is not here: the sender is told to come again.
        assert client.post("/loki/api/v1/push", auth=known).status_code == 502


def test_the_gateways_log_becomes_requests_errors_and_latency(
    a5: ServerStack, centre: ServerStack, gateway: str
) -> None:
    mine = f'protostar_gateway_requests_total{{service="shop-{a5.tag}",colour="green"'

    def seen() -> bool:
        """What is written before the exporter has found a new container's log is not counted."""
        return _status(f"{gateway}/") == 200 and bool(answers(centre, f"{mine}}}"))

    soon(seen, "the exporter has found its log", 20)
    forged = '/","service":"evil","colour":"blue","status":500,"request_s":9.000,'
    with httpx.Client(trust_env=False, headers={"User-Agent": forged}) as client:
        for _ in range(20):
            client.get(f"{gateway}/bad")
        client.get(f"{gateway}{forged}")
    soon(lambda: value(centre, f'{mine},status="503"}}') == 20, "errors are counted", 20)
    assert (value(centre, f'{mine},status="200"}}') or 0) >= 2
    count = f'protostar_gateway_request_seconds_count{{service="shop-{a5.tag}"}}'
    assert (value(centre, count) or 0) >= 22
    assert answers(centre, 'protostar_gateway_requests_total{service="evil"}') == []


def _status(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False, timeout=1).status_code
    except httpx.TransportError:
        return 0


def test_every_figure_that_is_asked_for_is_there(a5: ServerStack, centre: ServerStack) -> None:
    wanted = {name for group in observed.cases()["seen"].values() for name in group}
    wanted |= observed.own() - WORKERS
    there: set[str] = set()

    def all_there() -> bool:
        found = answers(centre, "count by (__name__) ({__name__!=''})")
        there.update(each["metric"]["__name__"] for each in found)
        return wanted <= there

    with suppress(AssertionError):
        soon(all_there, "every figure is there", 20)
    assert wanted - there == set()


def test_every_query_of_a_dashboard_returns_data_or_asks_for_what_is_listed(
    a5: ServerStack, centre: ServerStack, gateway: str
) -> None:
    unseen = {n for each in observed.cases()["unseen"].values() for n in each["names"]} | WORKERS
    # Of the marks: nothing was deployed within the last minute.
    asked = [
        (where, observed.asked(expr))
        for where, expr in observed.queries()
        if not observed.names(expr) & unseen and not where.endswith(": Deploys")
    ]
    assert len(asked) > 25
    empty: list[str] = []

    def none_is_empty() -> bool:
        """A rate needs a second sample of what was counted a moment ago."""
        empty[:] = [where for where, expr in asked if not answers(centre, expr)]
        return not empty

    with suppress(AssertionError):
        soon(none_is_empty, "every query returns data", 15)
    assert empty == []


def test_the_log_agent_may_read_lines_and_nothing_else(a5: ServerStack) -> None:
    own = docker("inspect", "--format", "{{.Id}}", a5.container("collector")).strip()
    assert "collector" in asked_of_the_engine(a5, "GET", "/containers/json")
    assert " 200 " in asked_of_the_engine(a5, "GET", f"/containers/{own}/logs?stdout=1")
    for method, path in (("POST", f"/containers/{own}/stop"), ("GET", "/images/json")):
        assert " 403 " in asked_of_the_engine(a5, method, path)


def asked_of_the_engine(a5: ServerStack, method: str, path: str) -> str:
    """By the guard before its socket; its image has no client."""
    line = f"{method} {path} HTTP/1.0\\r\\n\\r\\n"
    ask = f'exec 3<>/dev/tcp/127.0.0.1/2375 && printf "{line}" >&3 && cat <&3'
    return a5.within("log-engine", "bash", "-c", ask).stdout


def test_what_a5_recorded_while_centre_was_away_comes_afterwards(
    a5: ServerStack, centre: ServerStack
) -> None:
    """A scrape every two seconds; the door is shut for eight."""
    docker("stop", "--time", "1", centre.container("intake"))
    time.sleep(8)
    docker("start", centre.container("intake"))
    kept = 'count_over_time(node_time_seconds{host="a5"}[16s])'
    soon(lambda: (value(centre, kept) or 0) >= 7, "the gap is filled", 30)


def test_an_alert_reaches_the_webhook_and_the_watchdog_its_own(
    centre: ServerStack, hook: tuple[int, list[tuple[str, dict[str, Any]]]]
) -> None:
    told = hook[1]
    posted = json.dumps([{"labels": {"alertname": "Drill", "severity": "page", "host": "a5"}}])
    url = "http://127.0.0.1:9093/api/v2/alerts"
    header = "--header=Content-Type: application/json"
    done = centre.within("alertmanager", "wget", "-qO-", header, f"--post-data={posted}", url)
    assert done.returncode == 0, done.stderr

    def heard(path: str) -> set[str]:
        return {a["labels"]["alertname"] for p, body in told if p == path for a in body["alerts"]}

    # By Prometheus's own rule, all the way.
    soon(lambda: "Watchdog" in heard("/watchdog"), "the watchdog is heard", 40)
    soon(lambda: "Drill" in heard("/operator"), "the operator is told", 20)
    assert heard("/watchdog") == {"Watchdog"}
    assert "Watchdog" not in heard("/operator")


def test_prometheus_takes_every_rule_that_is_shipped(centre: ServerStack) -> None:
    told = centre.within("prometheus", "wget", "-qO-", "http://127.0.0.1:9090/api/v1/rules").stdout
    rules = [r for group in json.loads(told)["data"]["groups"] for r in group["rules"]]
    shipped = {r.get("alert", r.get("record")) for p in observed.RULES for r in observed.rules(p)}
    assert {rule["name"] for rule in rules} == shipped
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
