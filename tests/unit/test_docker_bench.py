"""The docker-bench checks can fail: a container that was begun carelessly fails them."""

from __future__ import annotations

from typing import Any

from tests.e2e.docker_bench import CHECKS, failed

CARELESS: dict[str, Any] = {
    "Config": {"User": "", "Healthcheck": None},
    "HostConfig": {
        "CapDrop": None,
        "Privileged": True,
        "NetworkMode": "host",
        "Memory": 0,
        "CpuShares": 0,
        "ReadonlyRootfs": False,
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "80"}]},
        "RestartPolicy": {"Name": "always"},
        "PidMode": "host",
        "IpcMode": "host",
        "UTSMode": "host",
        "SecurityOpt": None,
        "PidsLimit": None,
        "UsernsMode": "host",
    },
    "Mounts": [
        {"Type": "bind", "Source": "/"},
        {"Type": "bind", "Source": "/var/run/docker.sock"},
    ],
}
CAREFUL: dict[str, Any] = {
    "Config": {"User": "101:101", "Healthcheck": {"Test": ["CMD", "true"]}},
    "HostConfig": {
        "CapDrop": ["ALL"],
        "Privileged": False,
        "NetworkMode": "edge",
        "Memory": 1 << 20,
        "CpuShares": 512,
        "ReadonlyRootfs": True,
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8081"}]},
        "RestartPolicy": {"Name": "on-failure"},
        "IpcMode": "private",
        "SecurityOpt": ["no-new-privileges:true"],
        "PidsLimit": 100,
    },
    "Mounts": [{"Type": "volume", "Source": "/var/lib/docker/volumes/data"}],
}


def test_a_careless_container_fails_all_of_them() -> None:
    assert failed(CARELESS) == set(CHECKS)


def test_a_careful_one_fails_none() -> None:
    assert failed(CAREFUL) == set()
