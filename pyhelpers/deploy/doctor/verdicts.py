"""A machine's facts → findings. Every check looks, whatever the others found. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.doctor.leftovers import leftovers
from pyhelpers.deploy.doctor.model import FAIL, OK, WARN, Finding
from pyhelpers.deploy.doctor.ports import unplanned
from pyhelpers.deploy.prepare.daemon import rotates
from pyhelpers.deploy.prepare.sessions import kills_processes_of
from pyhelpers.deploy.versions import (
    COMPOSE_AT_LEAST,
    ENGINE_AT_LEAST,
    NGINX_AT_LEAST,
    dotted,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.deploy.doctor.model import Disk, EngineRead, Machine

TOOLS = ("bash", "flock", "timeout", "docker", "sha256sum", "tar")
PACKAGES = {"flock": "util-linux", "timeout": "coreutils", "sha256sum": "coreutils"}
SKEW_WARN_S, SKEW_FAIL_S = 2.0, 60.0
DISK_FAIL_BYTES, DISK_WARN_PERCENT = 1 << 30, 10.0
GIB = 1 << 30


def judge(machine: Machine) -> list[Finding]:
    return [
        finding
        for check in (_tools, _engine, _disks, _clock, _gateways, _ports, _upkeep, _logind)
        for finding in check(machine)
    ] + list(leftovers(machine))


def _tools(machine: Machine) -> Iterator[Finding]:
    """In one line when all are there: nobody reads six."""
    for tool in machine.missing_tools:
        mend = f"sudo apt-get install {PACKAGES.get(tool, tool)}"
        prepare = f"protostar deploy prepare {machine.name} --apply"
        yield Finding(FAIL, f"{tool} is not installed", prepare if tool == "docker" else mend)
    if not machine.missing_tools:
        yield Finding(OK, f"tools: {', '.join(TOOLS)}")


def _engine(machine: Machine) -> Iterator[Finding]:
    if machine.engine is None:
        yield _no_engine(machine)
        return
    found = machine.engine
    yield Finding(OK, f"{machine.user} may use the engine")
    yield _version("engine", found.version, ENGINE_AT_LEAST, machine.name)
    yield _version("Compose plug-in", found.compose, COMPOSE_AT_LEAST, machine.name)


def _no_engine(machine: Machine) -> Finding:
    if "permission denied" in machine.engine_said.lower():
        # The group counts at the next login, and a connection is kept no longer than a command.
        mend = f"sudo usermod -aG docker {machine.user}"
        return Finding(FAIL, f"{machine.user} may not use the engine", mend)
    return Finding(FAIL, f"the engine does not answer: {machine.engine_said}", START)


START = "sudo systemctl start docker"


def _version(what: str, found: str, least: tuple[int, ...], host: str) -> Finding:
    if version_of(found) >= least:
        return Finding(OK, f"{what} {found}")
    words = f"the {what} is {found or 'not there'}; {dotted(least)} is the least"
    return Finding(FAIL, words, f"protostar deploy prepare {host} --apply")


def _disks(machine: Machine) -> Iterator[Finding]:
    for disk in machine.disks:
        what = f"{disk.path}: {disk.free_bytes / GIB:.1f} GiB free ({disk.free_percent:.0f} %)"
        level = _disk_level(disk)
        yield Finding(level, what, "" if level == OK else _disk_mend(machine, disk))


def _disk_level(disk: Disk) -> str:
    if disk.free_bytes < DISK_FAIL_BYTES:
        return FAIL
    return WARN if disk.free_percent < DISK_WARN_PERCENT else OK


def _disk_mend(machine: Machine, disk: Disk) -> str:
    if disk.path == machine.root:
        return f"du -x -d 2 {machine.root} | sort -n | tail"
    return "docker system df, then docker image prune"


def _clock(machine: Machine) -> Iterator[Finding]:
    """Half of the way there and back cannot be told from a wrong clock."""
    least_s = max(0.0, abs(machine.skew_s) - machine.round_trip_s / 2)
    side = "ahead of" if machine.skew_s > 0 else "behind"
    if least_s <= SKEW_WARN_S:
        yield Finding(OK, "the clock agrees with ours")
        return
    words = f"the clock is {abs(machine.skew_s):.1f} s {side} ours"
    mend = "timedatectl set-ntp true   # there, and here: one of them is wrong"
    yield Finding(FAIL if least_s > SKEW_FAIL_S else WARN, words, mend)


def _gateways(machine: Machine) -> Iterator[Finding]:
    for container, nginx in machine.nginx.items():
        if not nginx:
            mend = f"docker start {container}, or docker logs {container}"
            yield Finding(FAIL, f"the gateway {container} does not answer", mend)
        elif version_of(nginx) < NGINX_AT_LEAST:
            words = f"{container} runs nginx {nginx}; {dotted(NGINX_AT_LEAST)} is the least"
            yield Finding(FAIL, words, "raise its image in compose/a5/gateway.yml, start it anew")
        else:
            yield Finding(OK, f"gateway {container}, nginx {nginx}")


def _ports(machine: Machine) -> Iterator[Finding]:
    published = machine.engine.published if machine.engine else {}
    found = unplanned(machine.listening, machine.planned_ports)
    # Without a userland proxy nobody listens: the kernel hands packets on to the container.
    for port in sorted({*found, *(set(published) - machine.planned_ports)}):
        yield _port(port, found.get(port, ()), published.get(port, ""))
    if not found and not set(published) - machine.planned_ports:
        ports = ", ".join(map(str, sorted(machine.planned_ports)))
        yield Finding(OK, f"no port is open beyond the plan ({ports})")


def _port(port: int, addresses: tuple[str, ...], container: str) -> Finding:
    where = f" on {', '.join(addresses)}" if addresses else ""
    what = f"port {port} is open{where} and not in the plan"
    if container:
        mend = f"publish it as 127.0.0.1:{port}:… in the Compose file of {container}"
        return Finding(WARN, f"{what}: the container {container}", mend)
    return Finding(WARN, what, f"sudo ss -ltnp 'sport = :{port}'   # shows whose it is")


def _upkeep(machine: Machine) -> Iterator[Finding]:
    if machine.engine is None:
        return
    mend = f"protostar deploy prepare {machine.name} --apply"
    yield _either(_rotates(machine, machine.engine), "containers' logs", "rotate", mend)
    restores = machine.engine.live_restore
    yield _either(restores, "containers", "go on while the engine restarts (live-restore)", mend)


def _rotates(machine: Machine, engine: EngineRead) -> bool:
    return "--log-opt" in machine.dockerd or rotates(machine.daemon_json, engine.log_driver)


def _either(well: bool, who: str, what: str, mend: str) -> Finding:  # noqa: FBT001 - a verdict
    return Finding(OK, f"{who} {what}") if well else Finding(WARN, f"{who} do not {what}", mend)


def _logind(machine: Machine) -> Iterator[Finding]:
    if kills_processes_of(machine.logind, machine.user):
        words = (
            f"logind ends what {machine.user} leaves behind (KillUserProcesses=yes): "
            "a lost connection would take the guard along"
        )
        yield Finding(FAIL, words, f"protostar deploy prepare {machine.name} --apply")
