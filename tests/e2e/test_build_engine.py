"""The engine as Centre's builds may use it: the real one, behind the real nginx."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from bench.engine import CHECKOUT, LABEL, docker, free_port
from tests.nginx.files import HARDENED, NGINX

from .colours import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

SOCKET = Path("/var/run/docker.sock")
SERVICE = yaml.safe_load((CHECKOUT / "compose/centre/jenkins.yml").read_text())["services"]


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """Its address, as DOCKER_HOST has it."""
    name, port = f"engine-{secrets.token_hex(3)}", free_port()
    conf = CHECKOUT / "compose/centre/jenkins/engine"
    docker(
        *("run", "--detach", "--name", name, "--label", f"{LABEL}={name}", *HARDENED),
        *("--group-add", str(SOCKET.stat().st_gid), "--publish", f"127.0.0.1:{port}:2375"),
        *("--volume", f"{conf}:/etc/engine:ro", "--volume", f"{SOCKET}:{SOCKET}:ro"),
        *(NGINX, *SERVICE["build-engine"]["command"]),
    )
    try:
        wait_until(lambda: answers(port), "the engine answers", 10)
        yield f"tcp://127.0.0.1:{port}"
    finally:
        docker("rm", "--force", name)


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/_ping", timeout=1).text == "OK"
    except requests.ConnectionError:
        return False


def typed(engine: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments],
        env={**os.environ, "DOCKER_HOST": engine},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--rm", "--volume", "/:/host", "protostar/base:trixie", "true"),
        ("ps",),
        ("exec", "gateway", "true"),
        ("volume", "ls"),
        ("volume", "create", "x"),
        ("network", "create", "x"),
        ("image", "rm", "--force", "protostar/base:trixie"),
        ("image", "prune", "--all", "--force"),
        ("system", "df"),
        ("plugin", "ls"),
        ("swarm", "init"),
        ("pull", "protostar/base:trixie"),
        ("save", "protostar/base:trixie"),
        ("events", "--until", "1s"),
    ],
    ids=" ".join,
)
def test_it_does_nothing_else(engine: str, arguments: tuple[str, ...]) -> None:
    done = typed(engine, *arguments)
    assert done.returncode != 0
    assert "this engine is for builds" in done.stderr


@pytest.mark.parametrize(
    "path",
    [
        "/containers/json",
        "/v1.44/containers/json",
        "//containers/json",
        "/images/../containers/json",
        "/images/%2e%2e/containers/json",
        "/images/x/..%2f..%2fcontainers/json",
        "/v1.44/images/x/json/../../../containers/json",
        "/images/x%0a/json",
        "/images/x%3f/json",
        "/images/get?names=protostar/base:trixie",
    ],
)
def test_no_other_way_of_writing_leads_elsewhere(engine: str, path: str) -> None:
    host, _, port = engine.removeprefix("tcp://").partition(":")
    argv = ["curl", "--silent", "--path-as-is", f"http://{host}:{port}{path}"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout
    assert "this engine is for builds" in told


def test_who_asks_for_nothing_forbidden_gets_the_engines_own_answer(engine: str) -> None:
    host = engine.replace("tcp://", "http://")
    assert json.loads(requests.get(f"{host}/version", timeout=5).text)["ApiVersion"]
