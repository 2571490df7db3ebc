"""The parts of a whole installation, each asked something that only it can answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from bench.whole import S3, SHOP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.whole import Whole

PULLED = "left out: its image is in no package"


@dataclass(frozen=True, slots=True)
class Part:
    """`well` None: it is not there, and is not meant to be."""

    server: str
    name: str
    answer: str
    well: bool | None = True


def ask_all(whole: Whole) -> list[Part]:
    """Every part's own words; one that does not answer is a part that is not well."""
    return [*_asked(whole, ASKED), *(Part(*each, PULLED, well=None) for each in LEFT_OUT)]


def _asked(whole: Whole, asked: dict[tuple[str, str], Callable[[Whole], str]]) -> Iterator[Part]:
    for (server, name), ask in asked.items():
        try:
            yield Part(server, name, ask(whole))
        except (RuntimeError, httpx.HTTPError, AttributeError) as wrong:
            yield Part(server, name, str(wrong)[:60], well=False)


def _gateway(whole: Whole) -> str:
    with whole.path_a().secured() as line:
        version = line.version()
    return f"{version}, serves {SHOP}"


def _api(whole: Whole) -> str:
    told = whole.path_a().get("/").raise_for_status()
    return f"version {told.headers['X-App-Version']}, {told.headers['X-Colour']}"


def _postgres(whole: Whole) -> str:
    sql = "SELECT split_part(version(), ' ', 2) || ', ' || count(*) || ' schemas of users' "
    sql += "FROM pg_namespace WHERE nspname IN ('api', 'worker')"
    return _in(whole, "a5", "postgres", "psql", "-U", "postgres", "-d", "protostar", "-Atc", sql)


def _redis(service: str) -> Callable[[Whole], str]:
    def ask(whole: Whole) -> str:
        asked = ("redis-cli", "CONFIG", "GET", "maxmemory-policy")
        return f"{asked[-1]} {_in(whole, 'a5', service, *asked).split()[-1]}"

    return ask


def _node_exporter(whole: Whole) -> str:
    url = "http://127.0.0.1:9100/metrics"
    told = _in(whole, "a5", "node-exporter", "wget", "-qO-", url)
    found = re.search(r"^node_memory_MemTotal_bytes (\S+)$", told, re.MULTILINE)
    return f"the machine has {float(found[1]) / 2**30:.0f} GiB" if found else told[:40]


def _ops_nginx(whole: Whole) -> str:
    """Every request that it has logged came with the client's own address."""
    whole.path_b().get("/health").raise_for_status()
    log = whole.servers["centre"].docker("logs", "protostar-centre-ops-nginx-1")
    clients = set(re.findall(r'"client":"([^"]*)"', log))
    if clients != {whole.us}:
        raise RuntimeError(f"other clients than {whole.us}: {sorted(clients)}")
    return f"200 to {S3}, client {whole.us}"


def _s3(whole: Whole) -> str:
    told = whole.path_b().get("/backups")
    return f"{told.status_code} {re.findall('<Code>(.*?)</Code>', told.text)[0]} without a key"


def _registry(whole: Whole) -> str:
    url = "http://127.0.0.1:5000/v2/_catalog"
    return _in(whole, "centre", "registry", "wget", "-qO-", url)


def _dyndns(whole: Whole) -> str:
    _in(whole, "centre", "dyndns", "inadyn", "--check-config", "--config=/etc/inadyn.conf")
    return "runs; the provider is nobody here"


def _backup(server: str) -> Callable[[Whole], str]:
    return lambda whole: _in(whole, server, "backup", "restic", "version").partition(" compiled")[0]


def _gateway_exporter(whole: Whole) -> str:
    """What it has read of the gateway's log."""
    url = "http://127.0.0.1:3903/metrics"
    told = _in(whole, "a5", "gateway-exporter", "wget", "-qO-", url)
    counted = re.findall(r"^protostar_gateway_requests_total\{.*\} (\S+)$", told, re.MULTILINE)
    return f"{sum(map(float, counted)):.0f} requests counted"


def _collector(whole: Whole) -> str:
    return _in(whole, "a5", "collector", "wget", "-qO-", "http://127.0.0.1:9090/-/ready")


def _prometheus(whole: Whole) -> str:
    url = "http://127.0.0.1:9090/api/v1/rules?type=alert"
    told = json.loads(_in(whole, "centre", "prometheus", "wget", "-qO-", url))
    rules = [rule for group in told["data"]["groups"] for rule in group["rules"]]
    return f"judges {len(rules)} alerts"


def _alertmanager(whole: Whole) -> str:
    """The watchdog's alert comes from Prometheus, and never ends."""
    url = "http://127.0.0.1:9093/api/v2/alerts"
    told = json.loads(_in(whole, "centre", "alertmanager", "wget", "-qO-", url))
    return ", ".join(sorted({each["labels"]["alertname"] for each in told})) or "heard of no alert"


def _intake(whole: Whole) -> str:
    ask = "exec 3<>/dev/tcp/127.0.0.1/7171 && printf 'POST /api/v1/write HTTP/1.0\r\n\r\n' >&3"
    told = _in(whole, "centre", "intake", "bash", "-c", f"{ask} && head -n 1 <&3")
    return f"{told.split(' ', 1)[-1]} without the password"


def _proxy(whole: Whole) -> str:
    """It holds no key: the certificate that a client sees is Centre's."""
    with whole.path_b().secured() as line:
        version = line.version()
    keys = whole.servers["proxy"].tried("find", "/srv/protostar", "-name", "privkey.pem")
    if keys.stdout:
        raise RuntimeError(f"a key on the proxy: {keys.stdout}")
    return f"{version} passed on; it holds no key"


def _in(whole: Whole, server: str, service: str, *argv: str) -> str:
    container = f"protostar-{server}-{service}-1"
    return whole.servers[server].docker("exec", container, *argv).strip()


LEFT_OUT = (
    *(("a5", "cadvisor"), ("a5", "log-agent")),
    *(("centre", "jenkins"), ("centre", "loki"), ("centre", "grafana")),
)
ASKED: dict[tuple[str, str], Callable[[Whole], str]] = {
    ("a5", "gateway"): _gateway,
    ("a5", "api"): _api,
    ("a5", "postgres"): _postgres,
    ("a5", "queue"): _redis("queue"),
    ("a5", "cache"): _redis("cache"),
    ("a5", "node-exporter"): _node_exporter,
    ("a5", "gateway-exporter"): _gateway_exporter,
    ("a5", "collector"): _collector,
    ("a5", "backup"): _backup("a5"),
    ("centre", "ops-nginx"): _ops_nginx,
    ("centre", "s3"): _s3,
    ("centre", "registry"): _registry,
    ("centre", "dyndns"): _dyndns,
    ("centre", "prometheus"): _prometheus,
    ("centre", "alertmanager"): _alertmanager,
    ("centre", "intake"): _intake,
    ("centre", "backup"): _backup("centre"),
    ("proxy", "nginx"): _proxy,
}
