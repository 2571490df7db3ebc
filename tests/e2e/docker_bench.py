"""What docker-bench-security asks of each running container, by its ids, and what is let pass.

https://github.com/docker/docker-bench-security (CIS Docker Benchmark, sections 4 and 5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Inspected = Mapping[str, Any]

PRIVILEGED_PORTS = 1024
SENSITIVE = ("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/var/lib/docker")
SOCKETS = ("/var/run", "/run", "/var/run/docker.sock", "/run/docker.sock")

# Let pass for all of them, with the reason.
EVERYWHERE = {
    "5.12": "no CPU weights: who is idle lends its share, and memory is what starves a neighbour",
    "5.15": "unless-stopped, not on-failure: everything has to come back after a reboot",
}
# By the container's name without its project.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "gateway": {
        "5.8": "users come by 80 and 443",
        "5.14": "users come from everywhere",
    },
    "ops-nginx": {"5.14": "the proxy comes from outside; nginx takes nobody else"},
    "proxy": {
        "5.8": "admins come by 443",
        "5.14": "admins come from outside",
    },
    "backup": {
        "4.1": "reads files of every owner; they are mounted read-only",
        "5.4": "DAC_OVERRIDE, for the same reason, and nothing else",
    },
    "registry": {"4.1": "the official image's volume is root's; it has no capability"},
    "gateway-exporter": {"4.1": "reads the gateway's log, which the engine keeps as root's"},
    "node-exporter": {"5.6": "reads the machine's disks and /proc, read-only"},
    "app": {"4.6": "the deploy asks it through the gateway, the path that traffic takes"},
}


def failed(container: Inspected) -> set[str]:
    """The ids of what does not hold for a container, as `docker inspect` shows it. Pure."""
    return {name for name, holds in CHECKS.items() if not holds(container)}


def let_pass(name: str) -> set[str]:
    return {*EVERYWHERE, *EXCEPTIONS.get(name, {})}


def _host(key: str) -> Callable[[Inspected], Any]:
    return lambda container: container["HostConfig"].get(key)


def _binds(container: Inspected) -> set[str]:
    return {m["Source"] for m in container["Mounts"] if m["Type"] == "bind"}


def _published(container: Inspected) -> Iterator[tuple[str, int]]:
    """Address and port on the host."""
    for bound in (container["HostConfig"].get("PortBindings") or {}).values():
        for each in bound or []:
            yield each["HostIp"], int(each["HostPort"] or PRIVILEGED_PORTS)


def _health(container: Inspected) -> bool:
    check = (container["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    return bool(check[0] != "NONE")


def _no_new_privileges(container: Inspected) -> bool:
    return "no-new-privileges:true" in (_host("SecurityOpt")(container) or [])


CHECKS: dict[str, Callable[[Inspected], bool]] = {
    # a user of its own
    "4.1": lambda c: c["Config"]["User"].split(":")[0] not in ("", "0", "root"),
    # a health check
    "4.6": _health,
    # no capability
    "5.4": lambda c: _host("CapDrop")(c) == ["ALL"] and not _host("CapAdd")(c),
    # not privileged
    "5.5": lambda c: not _host("Privileged")(c),
    # none of the host's own folders
    "5.6": lambda c: not _binds(c) & {*SENSITIVE},
    # no port below 1024
    "5.8": lambda c: all(port >= PRIVILEGED_PORTS for _, port in _published(c)),
    # a network of its own
    "5.10": lambda c: _host("NetworkMode")(c) != "host",
    # memory bounded
    "5.11": lambda c: _host("Memory")(c) > 0,
    # a CPU weight
    "5.12": lambda c: bool(_host("CpuShares")(c)),
    # a read-only root
    "5.13": lambda c: _host("ReadonlyRootfs")(c) is True,
    # ports on one address
    "5.14": lambda c: all(address not in ("", "0.0.0.0", "::") for address, _ in _published(c)),  # noqa: S104 - what docker says
    # restarted on failure, five times at most
    "5.15": lambda c: _host("RestartPolicy")(c)["Name"] in ("", "no", "on-failure"),
    # its own processes, its own memory between processes, its own host name
    "5.16": lambda c: _host("PidMode")(c) != "host",
    "5.17": lambda c: _host("IpcMode")(c) in ("private", "none"),
    "5.21": lambda c: _host("UTSMode")(c) != "host",
    # no new privileges
    "5.26": _no_new_privileges,
    # processes bounded
    "5.29": lambda c: (_host("PidsLimit")(c) or 0) > 0,
    # not the host's users
    "5.31": lambda c: _host("UsernsMode")(c) != "host",
    # not the engine's socket
    "5.32": lambda c: not _binds(c) & {*SOCKETS},
}
