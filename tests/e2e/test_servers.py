"""Two real servers over SSH: one service on both, with and without a registry, under load."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bench.engine import docker
from bench.load import LoadProcess, Options
from bench.registry import RegistryContainer
from bench.server import ROOT
from bench.servers import Servers

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
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Empty engines but for the gateway, and no registry anywhere."""
    made = Servers(tmp_path_factory.mktemp("servers") / "servers")
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
