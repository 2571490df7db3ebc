"""The same deploy on the same engine: run on the machine itself, and over SSH to it.

sshd runs in a container that has this machine's network, its engine's socket and the
installation's folder. So all is the same but the way.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml

from bench.engine import docker, free_port
from bench.output import note
from bench.server import IMAGE
from bench.stage import installation
from bench.watching import watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.installation import Installation

PAIRS = 5
SETTINGS: dict[str, Any] = {"drain_s": 0, "bake": {"for_s": 0}}
SOCKET = "/var/run/docker.sock"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
UP_S = 10.0


def measure() -> dict[str, float]:
    """By turns, so that a slow minute of the machine is in both. Medians."""
    with installation(**SETTINGS) as (place, name), sshd(place) as (file, env):
        here, there = place.argv("run", name, "v1"), []
        watched(here)
        taken: dict[str, list[float]] = {"here": [], "there": []}
        for _ in range(PAIRS):
            here = place.argv("run", name, "v2")
            there = [*here[:-1], str(file)]
            there[there.index("v2")] = "v1"
            taken["here"].append(watched(here).seconds)
            taken["there"].append(watched(there, env).seconds)
    for way, seconds in taken.items():
        note(f"{way}: {', '.join(f'{s:.2f}' for s in seconds)} s")
    local_s, remote_s = (statistics.median(taken[way]) for way in ("here", "there"))
    return {"local_s": local_s, "remote_s": remote_s, "overhead_s": remote_s - local_s}


@contextmanager
def sshd(place: Installation) -> Iterator[tuple[Path, dict[str, str]]]:
    """A protostar.yml that reaches the installation over SSH, and the environment that it needs."""
    key, port = place.folder / "id_ed25519", free_port()
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(argv, check=True, timeout=20)
    name = f"sshd-{place.tag}"
    try:
        _start(place, name, key.with_suffix(".pub").read_text(), port)
        fingerprint = docker("exec", name, "ssh-keygen", "-lf", HOST_KEY).split()[1]
        yield (
            _file(place, port, fingerprint),
            {
                "PROTOSTAR_SSH_KEY": str(key),
                "PROTOSTAR_SSH_CONFIG": "/dev/null",
            },
        )
    finally:
        docker("rm", "--force", "--volumes", name)


def _start(place: Installation, name: str, key: str, port: int) -> None:
    conf = place.folder / "port.conf"
    conf.write_text(f"Port {port}\nListenAddress 127.0.0.1\n")
    mounts = {SOCKET: SOCKET, str(place.root): str(place.root)}
    docker(
        *("run", "-d", "--name", name, "--network", "host", "--pid", "host"),
        *("--env", f"SERVER_KEY={key}", "--env", "SERVER_ENGINE=no", "--env", "SERVER_USER="),
        *(word for source, to in mounts.items() for word in ("--volume", f"{source}:{to}")),
        *("--volume", f"{conf}:/etc/ssh/sshd_config.d/port.conf:ro"),
        IMAGE,
    )
    wait_for_port(port)


def wait_for_port(port: int) -> None:
    until = time.monotonic() + UP_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _file(place: Installation, port: int, fingerprint: str) -> Path:
    document = yaml.safe_load(place.file.read_text())
    document["hosts"]["here"] = {
        "ssh": f"root@127.0.0.1:{port}",
        "host_key": fingerprint,
        "root": str(place.root),
    }
    path = place.folder / "remote.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path
