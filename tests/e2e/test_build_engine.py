"""The engine as Centre's builds may use it: the real one, behind the real filter."""

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
from bench.registry import RegistryContainer
from pyhelpers import __version__

from .colours import wait_until
from .test_build import Checkout, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

SOCKET = Path("/var/run/docker.sock")
SERVICES = yaml.safe_load((CHECKOUT / "compose/centre/jenkins.yml").read_text())["services"]
SERVICE = SERVICES["build-engine"]


@pytest.fixture(scope="module")
def name() -> str:
    return f"engine-{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def engine(name: str) -> Iterator[str]:
    """Its address, as DOCKER_HOST has it. The filter runs as Centre's Compose file says."""
    port = free_port()
    conf = CHECKOUT / "compose/centre/jenkins/engine"
    hardened = ["--user", SERVICE["user"], "--read-only", "--cap-drop", "ALL"]
    hardened += ["--security-opt", SERVICE["security_opt"][0], "--tmpfs", SERVICE["tmpfs"][0]]
    hardened += ["--memory", SERVICE["mem_limit"], "--pids-limit", str(SERVICE["pids_limit"])]
    hardened += [f"--env={key}={value}" for key, value in SERVICE["environment"].items()]
    docker(
        *("run", "--detach", "--name", name, "--label", f"{LABEL}={name}", *hardened),
        *("--group-add", str(SOCKET.stat().st_gid), "--publish", f"127.0.0.1:{port}:2375"),
        *("--volume", f"{conf}:/etc/engine:ro", "--volume", f"{SOCKET}:{SOCKET}:ro"),
        *("protostar/caddy:2.6", *SERVICE["command"]),
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


def test_an_image_is_built_pushed_and_pruned_through_it(engine: str, tmp_path: Path) -> None:
    with RegistryContainer() as registry:
        checkout = Checkout(tmp_path / "api", registry.address, env={"DOCKER_HOST": engine})
        checkout.make()
        try:
            for number in range(4):
                checkout.commit(f"c{number}")
                told = checkout.built(f"v{number}")
            found = manifest(registry.address, checkout.image, "v3")
            assert found.headers["Docker-Content-Digest"] == told["digest"]
            assert (told["warnings"], len(checkout.names_here())) == ([], 4)
        finally:
            checkout.remove()


def test_the_agents_own_tools_build_through_it(engine: str, tmp_path: Path) -> None:
    """Debian's docker and buildx, older than those of this machine, as `jenkins-build` has them."""
    with RegistryContainer() as registry:
        checkout = Checkout(tmp_path / "api", registry.address)
        checkout.make()
        inside = ["build", "api", "v1", "-C", str(checkout.folder), "--json"]
        inside += ["-f", str(tmp_path / "protostar.yml")]
        try:
            told = json.loads(
                docker(
                    *("run", "--rm", "--network", "host", "--env", f"DOCKER_HOST={engine}"),
                    *(
                        "--user",
                        str(os.getuid()),
                        "--env",
                        "HOME=/tmp",
                        "--entrypoint",
                        "protostar",
                    ),
                    *("--volume", f"{tmp_path}:{tmp_path}:ro"),
                    *(f"protostar/jenkins-agent:{__version__}", *inside),
                )
            )
            found = manifest(registry.address, checkout.image, "v1")
            assert found.headers["Docker-Content-Digest"] == told["digest"]
        finally:
            checkout.remove()


def test_a_step_gets_no_more_rights_than_a_build_has(engine: str, tmp_path: Path) -> None:
    recipe = "FROM protostar/base:trixie\nRUN --security=insecure true\n"
    (tmp_path / "Dockerfile").write_text(recipe)
    ask = ("--builder", "default", "--allow", "security.insecure")
    done = typed(engine, "buildx", "build", *ask, str(tmp_path))
    assert done.returncode != 0
    assert "security.insecure is not allowed" in done.stderr


@pytest.mark.parametrize("arguments", [("buildx", "prune", "--force"), ("buildx", "du")])
def test_buildx_reaches_the_cache_by_its_own_protocol(
    engine: str, arguments: tuple[str, ...]
) -> None:
    """A filter that matches nothing: the cache of this machine is everybody's."""
    done = typed(engine, *arguments, "--builder", "default", "--filter", "id=none")
    assert done.returncode == 0, done.stderr


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
        ("container", "create", "--privileged", "protostar/base:trixie"),
        ("start", "gateway"),
        ("exec", "gateway", "true"),
        ("cp", "gateway:/etc/passwd", "-"),
        ("logs", "gateway"),
        ("commit", "gateway"),
        ("buildx", "create", "--driver", "docker-container", "--bootstrap"),
        ("import", "/dev/null"),
        ("load", "--input", "/dev/null"),
        ("image", "tag", "protostar/base:trixie", "protostar/other"),
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
        "/images/json/../../containers/json",
        "/images/json?x=/../containers/json",
        "http://docker/containers/json",
        "/v1.44/images/protostar/base:trixie/json?x",
    ],
)
def test_no_other_way_of_writing_leads_elsewhere(engine: str, path: str) -> None:
    host, _, port = engine.removeprefix("tcp://").partition(":")
    argv = ["curl", "--silent", "--request-target", path, f"http://{host}:{port}"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout
    assert "this engine is for builds" in told


def test_no_password_of_a_registry_is_in_its_log(engine: str, name: str) -> None:
    url = f"{engine.replace('tcp://', 'http://')}/images/none/such/push?tag=seen"
    requests.post(url, headers={"X-Registry-Auth": "geheim"}, timeout=5)
    log = docker("logs", name)
    assert "tag=seen" in log
    assert "geheim" not in log


def test_who_asks_for_nothing_forbidden_gets_the_engines_own_answer(engine: str) -> None:
    host = engine.replace("tcp://", "http://")
    assert json.loads(requests.get(f"{host}/version", timeout=5).text)["ApiVersion"]
