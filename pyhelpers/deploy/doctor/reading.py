"""Reads from one host what the verdicts need. Changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy import marker
from pyhelpers.deploy.doctor.model import Disk, EngineRead, Labelled, Machine, ServiceState
from pyhelpers.deploy.doctor.ports import listening
from pyhelpers.deploy.doctor.verdicts import TOOLS
from pyhelpers.deploy.facts import ONE_OFF, Engine, read_holder
from pyhelpers.deploy.gateway import Gateway
from pyhelpers.deploy.machine import gateways_on, services_on
from pyhelpers.deploy.prepare.daemon import PATH as DAEMON_JSON
from pyhelpers.deploy.prepare.reading import DOCKERD, LOGIND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyhelpers.config.model import Config
    from pyhelpers.hosts.protocol import Host

SHELL_S = 10.0
SSH_PORT, HTTPS_PORT = 22, 443
MISSING = 'for t; do command -v "$t" >/dev/null || echo "$t"; done'
# A folder that is not there yet: the disk of the nearest one above it counts.
DISK = 'p=$1; while [ ! -e "$p" ]; do p=$(dirname "$p"); done; df -PB1 -- "$p" | tail -n 1'
PROC_TCP = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; true"


@dataclass(frozen=True, slots=True)
class Looker:
    """A host, what protostar.yml says, and the deployer's clock (seconds since 1970)."""

    host: Host
    config: Config
    now: Callable[[], float]

    def said(self, *argv: str) -> str:
        return self.host.run(argv, deadline_s=SHELL_S).out


def read_machine(looker: Looker) -> Machine:
    """Raises `Unreachable` when the host does not answer; an engine that does not is a fact."""
    host, said = looker.host, looker.said
    asked = host.run(["docker", "info", "--format", "{{json .}}"], deadline_s=2 * SHELL_S)
    info = _object(asked.out)
    engine = _engine(looker, info) if info.get("ServerVersion") else None
    skew_s, round_trip_s = _clock(looker)
    return Machine(
        name=host.name,
        root=str(host.root),
        user=said("id", "-un").strip(),
        missing_tools=tuple(said("sh", "-c", MISSING, "missing", *TOOLS).split()),
        engine=engine,
        engine_said=_last_line(asked.err) or "; ".join(info.get("ServerErrors") or ()),
        disks=_disks(looker, info.get("DockerRootDir", "")),
        skew_s=skew_s,
        round_trip_s=round_trip_s,
        nginx=_nginx(looker),
        listening=listening(said("sh", "-c", PROC_TCP)),
        planned_ports=planned_ports(
            looker.config, host.name, said("sh", "-c", 'echo "$SSH_CONNECTION"')
        ),
        services=_services(looker),
        incoming=tuple(sorted(host.names(host.root / "incoming"))),
        daemon_json=_text(host, DAEMON_JSON),
        dockerd=said("sh", "-c", f"{DOCKERD} 2>/dev/null; true"),
        logind=said("sh", "-c", f"{LOGIND}; true"),
    )


def planned_ports(config: Config, host: str, connection: str) -> frozenset[int]:
    """sshd's, the gateways' for users, and those of the admins' way. Nothing else is for outside.

    `connection` is sshd's own SSH_CONNECTION, whose last word is its port: in between, an
    ssh_config may have said another than protostar.yml.
    """
    last = connection.split()[-1:]
    gateways = gateways_on(config, host).values()
    public = {each.public_port for each in gateways}
    secure = {each.tls.port for each in gateways if each.tls}
    sshd = int(last[0]) if last else SSH_PORT
    return frozenset({sshd}) | public | secure | _of_the_way(config, host)


def _of_the_way(config: Config, host: str) -> frozenset[int]:
    """What Centre's and the proxy's own stack publish: docs/servers.md has the same list."""
    kind = PurePosixPath(config.hosts[host].stack or "").name
    if kind == "proxy":
        return frozenset({HTTPS_PORT})
    if kind != "centre":
        return frozenset()
    files = [each.static for each in config.gateways.values() if each.static]
    stores = {int(each.store.rpartition(":")[2]) for each in files}
    return frozenset(stores | ({config.ops.port} if config.ops else set()))


def _text(host: Host, path: str) -> str:
    return (host.read(PurePosixPath(path)) or b"").decode(errors="replace")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "")


def _engine(looker: Looker, info: Mapping[str, Any]) -> EngineRead:
    listed = Engine(looker.host).containers(all=True)
    return EngineRead(
        version=info["ServerVersion"],
        compose=looker.said("docker", "compose", "version", "--short").strip(),
        log_driver=info.get("LoggingDriver", ""),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        containers=tuple(_labelled(listed)),
        published=published(listed),
    )


def _labelled(listed: Iterable[Mapping[str, Any]]) -> Iterable[Labelled]:
    for each in listed:
        labels = each.get("Labels") or {}
        if "org.protostar.service" in labels:
            yield Labelled(
                name=_name(each),
                service=labels["org.protostar.service"],
                colour=labels.get("org.protostar.colour", ""),
                root=labels.get("org.protostar.root", ""),
                running=each.get("State") == "running",
                one_off=labels.get(ONE_OFF) == "True",
            )


def published(listed: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Port → container, of those that others than this machine can reach by TCP."""
    return {
        port["PublicPort"]: _name(each)
        for each in listed
        for port in each.get("Ports") or ()
        if port.get("PublicPort") and port.get("Type") == "tcp" and not _local(port.get("IP", ""))
    }


def _local(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


def _name(listed: Mapping[str, Any]) -> str:
    return str(listed["Names"][0]).lstrip("/")


def _disks(looker: Looker, engine_root: str) -> tuple[Disk, ...]:
    paths = dict.fromkeys(filter(None, (engine_root, str(looker.host.root))))
    return tuple(_disk(looker, path) for path in paths)


def _disk(looker: Looker, path: str) -> Disk:
    """`df -P`: filesystem, size, used, available, capacity, where."""
    fields = looker.said("sh", "-c", DISK, "disk", path).split()
    size, _, free = (int(each) for each in fields[1:4]) if len(fields) > 4 else (0, 0, 0)  # noqa: PLR2004 - as above
    return Disk(path, free, size)


def _clock(looker: Looker) -> tuple[float, float]:
    """How far the host's clock is ahead, taken against the middle of one round trip."""
    before = looker.now()
    told = looker.said("date", "+%s.%N").strip()
    after = looker.now()
    return float(told or after) - (before + after) / 2, after - before


def _nginx(looker: Looker) -> dict[str, str]:
    """Version by gateway's container; empty: it does not answer."""
    found = {}
    services = services_on(looker.config, looker.host.name)
    for name, settings in gateways_on(looker.config, looker.host.name).items():
        service = next(key for key, each in services.items() if each.gateway == name)
        gateway = Gateway(looker.host, settings, service, services[service])
        facts = gateway.facts()
        gateway.close()
        found[settings.container] = facts.nginx if facts else ""
    return found


def _services(looker: Looker) -> dict[str, ServiceState]:
    host = looker.host
    live = host.names(host.root / "live")
    return {
        name: ServiceState(
            live=frozenset(marker.markers_in(live, name)),
            held=read_holder(host, name) is not None,
            keep_warm=service.keep_warm,
        )
        for name, service in services_on(looker.config, host.name).items()
    }
