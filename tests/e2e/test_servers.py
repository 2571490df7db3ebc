"""Two real servers over SSH: one service on both, with and without a registry, under load."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bench.engine import docker
from bench.load import LoadProcess, Options
from bench.registry import RegistryContainer
from bench.server import ROOT
from bench.servers import Servers

from .colours import wait_until
from .deployer import Deployer
from .town import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.load import Result

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOSTS = ("a5", "a6")
IMAGE = "protostar-example/app"
QUICK: dict[str, Any] = {
    "hosts": list(HOSTS),
    "route": "/",
    "environment": {"READY_AFTER_S": "0.2"},
    "drain_s": 1.5,
    "stop_grace_s": 3,
    "bake": {"for_s": 1},
    "verify": {"answers": 5},
    "ready": {"timeout_s": 5},
}
# The file is on one server only: so a deploy fails there, and nowhere else.
BROKEN = "/data/broken"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Servers]:
    """Empty engines but for the gateway, and no registry anywhere."""
    made = Servers(tmp_path_factory.mktemp("servers") / "servers")
    tags.append(made.tag)
    try:
        for host in HOSTS:
            made.add_server(host)
        made.add("api", **QUICK)
        made.start_gateways()
        yield made
    finally:
        made.remove()


@contextmanager
def load_on_both(servers: Servers, folder: Path) -> Iterator[list[Result]]:
    """What came of it is in the list when the block has ended; nobody may have noticed anything."""
    results: list[Result] = []
    with ExitStack() as stack:
        going = []
        for host in HOSTS:
            (folder / host).mkdir()
            options = Options(servers.url(host), 30, seconds=200)
            going.append(stack.enter_context(LoadProcess(options, folder / host)))
        yield results
        results += [load.stop() for load in going]
    assert [each.report.failed for each in results] == [0, 0]
    assert min(each.report.requests for each in results) > 20


def deployed(servers: Servers, *arguments: str, env: dict[str, str] | None = None) -> str:
    done = servers.deploy(*arguments, env=env)
    assert done.code == 0, (done.out, done.err)
    return done.out


def labels(servers: Servers) -> dict[str, str]:
    """What each host says that it serves."""
    told = servers.deploy("status", "api", "--json").told
    return {each["host"]: each["label"] for each in told}


def test_with_no_registry_anywhere_both_servers_follow_and_nobody_notices(
    servers: Servers, tmp_path: Path
) -> None:
    deployed(servers, "run", "api", "v1")
    with load_on_both(servers, tmp_path):
        deployed(servers, "run", "api", "v2")
        assert labels(servers) == {"a5": "v2", "a6": "v2"}
        refused = servers.deploy("run", "api", "v3")
        assert refused.code == 6
        assert labels(servers) == {"a5": "v2", "a6": "v2"}
        deployed(servers, "rollback", "api")
        assert labels(servers) == {"a5": "v1", "a6": "v1"}


def test_the_first_failure_stops_the_rest_and_only_the_failed_go_on(
    servers: Servers, tmp_path: Path
) -> None:
    deployed(servers, "run", "api", "v1")
    servers.set("api", before_switch=[["sh", "-c", f"test ! -e {BROKEN}"]])
    servers.servers["a6"].docker("exec", live(servers, "a6"), "touch", BROKEN)
    with load_on_both(servers, tmp_path):
        failed = servers.deploy("run", "api", "v2")
        assert failed.code == 6, (failed.out, failed.err)
        assert labels(servers) == {"a5": "v2", "a6": "v1"}
        servers.servers["a6"].docker("exec", live(servers, "a6"), "rm", BROKEN)
        again = deployed(servers, "run", "api", "v2", "--only-failed")
        assert "a6" in again
        assert labels(servers) == {"a5": "v2", "a6": "v2"}
    servers.set("api", before_switch=[])


def live(servers: Servers, host: str) -> str:
    """The container that serves."""
    return f"api-{servers.live(host, 'api')}-app-1"


def test_two_at_once(servers: Servers, tmp_path: Path) -> None:
    servers.set("api", parallel=2)
    version = "v1" if labels(servers)["a5"] == "v2" else "v2"
    with load_on_both(servers, tmp_path):
        deployed(servers, "run", "api", version)
    assert labels(servers) == {"a5": version, "a6": version}
    servers.set("api", parallel=1)


def test_through_a_tunnel_to_a_registry_that_no_server_reaches(
    servers: Servers, tmp_path: Path
) -> None:
    with RegistryContainer() as registry:
        for version in ("v1", "v2"):
            registry.publish(f"{IMAGE}:{version}", IMAGE, version, layer_bytes=1_000_000)
        servers.top["registry"] = {"address": registry.address, "reach": "tunnel"}
        servers.write()
        try:
            deployed(servers, "run", "api", "v1")
            with load_on_both(servers, tmp_path):
                before = servers.servers["a5"].received_bytes()
                out = deployed(servers, "run", "api", "v2")
                deployed(servers, "rollback", "api")
            assert "MB/s" in out
            assert labels(servers) == {"a5": "v1", "a6": "v1"}
            # The load of both gateways is in it: 30 small requests a second.
            assert servers.servers["a5"].received_bytes() - before < 4_000_000
            tags = servers.servers["a5"].docker("image", "ls", "--format", "{{.Repository}}")
            assert "127.0.0.1" not in tags, "the port of the run is gone, and so is its name"
        finally:
            del servers.top["registry"]
            servers.write()


def test_a_laptop_that_reaches_one_server_and_has_no_engine_rolls_back(
    servers: Servers, tmp_path: Path
) -> None:
    """Centre is down: no Jenkins, no registry, and the engine of the laptop is not started."""
    deployed(servers, "run", "api", "v2", "--host", "a5")
    no_engine = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    deployed(servers, "rollback", "api", "--host", "a5", env=no_engine)
    assert labels(servers)["a5"] == "v1"
    refused = servers.deploy("run", "api", "v1", "--host", "a5", env=no_engine)
    assert refused.code == 4
    assert "engine" in said(refused).error


@contextmanager
def registry_on(servers: Servers, registry: RegistryContainer, **settings: str) -> Iterator[None]:
    """protostar.yml names it as long as the block lasts."""
    servers.top["registry"] = {"address": registry.address, "reach": "tunnel", **settings}
    servers.write()
    try:
        yield
    finally:
        del servers.top["registry"]
        servers.write()


def test_a_registry_that_is_down_does_not_hold_a_deploy_up(
    servers: Servers, tmp_path: Path
) -> None:
    with RegistryContainer() as registry, registry_on(servers, registry):
        registry.push(f"{IMAGE}:v2", IMAGE, "v2")
        registry.stop()
        assert labels(servers)["a5"] == "v1"
        refused = servers.deploy("run", "api", "v2", "--host", "a5")
        assert refused.code == 4
        assert said(refused).try_.startswith("protostar deploy run … --no-registry")
        with LoadProcess(Options(servers.url("a5"), 30, seconds=200), tmp_path) as load:
            planned = deployed(servers, "plan", "api", "v2", "--host", "a5", "--no-registry")
            assert "fetch image" in planned
            deployed(servers, "run", "api", "v2", "--host", "a5", "--no-registry")
            assert labels(servers)["a5"] == "v2"
            deployed(servers, "rollback", "api", "--host", "a5")
            assert labels(servers)["a5"] == "v1"
            report = load.stop().report
        assert report.failed == 0
        assert report.requests > 20
        docker("start", registry.name)
        registry._await()
        # Another release than the one without it, of an image that the server has by now.
        assert "v2: is here" in deployed(servers, "run", "api", "v2", "--host", "a5")
        assert labels(servers)["a5"] == "v2"


def test_a_server_that_reaches_the_registry_pulls_by_itself(servers: Servers) -> None:
    """By a name that only the servers' network knows: nothing of it goes through the deployer."""
    with RegistryContainer() as registry:
        docker("network", "connect", servers.network, registry.name)
        address = f"{registry.name}:5000"
        trust(servers, "a5", address)
        registry.publish(f"{IMAGE}:v2", IMAGE, "v2", layer_bytes=100_000)
        with registry_on(servers, registry, address=address, reach="direct"):
            assert "v2: pull" in deployed(servers, "run", "api", "v2", "--host", "a5")
            assert labels(servers)["a5"] == "v2"
            missing = servers.deploy("run", "api", "v9", "--host", "a5")
            assert said(missing).error == f"the image {address}/{IMAGE}:v9 does not exist"
            registry.stop()
            refused = servers.deploy("run", "api", "v2", "--host", "a5")
            assert refused.code == 4
            assert said(refused).try_.startswith("protostar deploy run … --no-registry")


def trust(servers: Servers, host: str, registry: str) -> None:
    """Plain HTTP is allowed for this one; the engine reads it without a restart."""
    told = json.dumps({"insecure-registries": [registry]})
    servers.servers[host].sh(f"echo '{told}' >/etc/docker/daemon.json")
    servers.servers[host].sh('kill -HUP "$(cat /run/docker.pid)"')
    shown = "{{range .RegistryConfig.IndexConfigs}}{{.Name}} {{end}}"
    wait_until(
        lambda: registry in servers.servers[host].docker("info", "--format", shown),
        f"{host} trusts {registry}",
    )


def test_a_registry_that_is_killed_in_the_middle_of_a_pull_changes_nothing(
    servers: Servers,
) -> None:
    with RegistryContainer() as registry, registry_on(servers, registry):
        registry.publish(f"{IMAGE}:v2", IMAGE, "v4", layer_bytes=32_000_000)
        docker("update", "--cpus", "0.01", registry.name)  # some seconds for the layer
        before, serving = servers.servers["a5"].received_bytes(), live(servers, "a5")
        argv = ("run", "api", "v4", "--host", "a5")
        with Deployer(servers, *argv, env=servers.environment) as deployer:
            wait_until(
                lambda: servers.servers["a5"].received_bytes() - before > 2_000_000, "it pulls"
            )
            docker("kill", registry.name)
            failed = deployer.finish()
        assert failed.code == 6, (failed.out, failed.err)
        assert f"the registry {registry.address} does not answer" in said(failed).error
        assert live(servers, "a5") == serving
        assert f"{serving.removesuffix('-app-1')} serves" in said(failed).state
        names = servers.servers["a5"].docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
        assert "127.0.0.1" not in names


@pytest.fixture
def large(servers: Servers, tmp_path: Path) -> Iterator[str]:
    """A version with 64 MB that no server has, of this machine's engine only."""
    version = f"large-{servers.tag}"
    (tmp_path / "pad").write_bytes(os.urandom(64 << 20))
    docker("create", "--name", version, f"{IMAGE}:v1")
    try:
        docker("cp", "-q", str(tmp_path / "pad"), f"{version}:/pad")
        docker("commit", version, f"{IMAGE}:{version}")
        yield version
    finally:
        docker("rm", version)
        docker("image", "rm", f"{IMAGE}:{version}")


INCOMING = f"{ROOT}/incoming"


def arrived(servers: Servers) -> list[tuple[int, str]]:
    """What a5 has of an image on its way: bytes and path, the largest last."""
    found = servers.servers["a5"].sh(
        f"find {INCOMING} -type f -printf '%s %p\\n' 2>/dev/null || true"
    )
    pairs = [line.split(" ", 1) for line in found.splitlines()]
    return sorted((int(size), path) for size, path in pairs)


def test_a_server_without_space_says_so_and_nothing_half_is_left(
    servers: Servers, large: str
) -> None:
    a5, serving = servers.servers["a5"], live(servers, "a5")
    a5.sh(f"mkdir -p {INCOMING} && mount -t tmpfs -o size=20m,mode=777 tmpfs {INCOMING}")
    try:
        failed = servers.deploy("run", "api", large, "--host", "a5")
        assert failed.code == 6, (failed.out, failed.err)
        error, _, try_ = said(failed)
        assert "a5 cannot write the image: no space left on device" in error
        assert try_.startswith(f"df -h {ROOT} on a5")
        assert arrived(servers) == []
    finally:
        a5.run("umount", INCOMING)
    assert live(servers, "a5") == serving
    assert servers.answers("a5")
    assert not servers.locked("a5", "api")


def test_what_a_killed_deployer_left_is_gone_on_with_even_if_it_is_corrupt(
    servers: Servers, large: str, tmp_path: Path
) -> None:
    """Its own half of it, gigabytes in a real case, is removed by the next one."""
    here = tmp_path / "here"
    here.mkdir()
    env = {**servers.environment, "TMPDIR": str(here)}
    argv = ("run", "api", large, "--host", "a5")
    with Deployer(servers, *argv, env=env) as deployer:
        wait_until(lambda: any(size > 1_000_000 for size, _ in arrived(servers)), "a part is there")
        deployer.signal(signal.SIGKILL)
    wait_until(lambda: not servers.locked("a5", "api"), "the lock is free")
    _, part = arrived(servers)[-1]
    servers.servers["a5"].sh(f"echo flipped | dd of={part} bs=1 seek=5000 conv=notrunc status=none")
    assert len(list(here.iterdir())) == 1
    out = deployed(servers, *argv, env=env)
    assert "was corrupt: again" in out
    assert labels(servers)["a5"] == large
    assert list(here.iterdir()) == []
    assert arrived(servers) == []


def test_a_server_that_does_not_answer_is_a_row_beside_the_others(servers: Servers) -> None:
    docker("pause", servers.servers["a6"].name)
    try:
        done = servers.deploy("status", "api", "--json")
    finally:
        docker("unpause", servers.servers["a6"].name)
    assert done.code == 4
    told = {each["host"]: each["problem"] for each in done.told}
    assert not told["a5"]
    assert "a6" in told["a6"] or "says nothing" in told["a6"]
    history = servers.deploy("history", "api", "--json").told
    assert {each["host"] for each in history} == set(HOSTS)


def test_what_the_containers_write_is_shown_from_both(servers: Servers) -> None:
    out = deployed(servers, "logs", "api", "--tail", "5")
    assert {line.split()[0] for line in out.splitlines()} == set(HOSTS)
    assert "listening on" in out


def test_nothing_is_left_on_the_way(servers: Servers) -> None:
    for host in HOSTS:
        left = servers.servers[host].sh(f"ls {ROOT}/incoming 2>/dev/null || true")
        assert not left.split()
        assert not servers.locked(host, "api")
