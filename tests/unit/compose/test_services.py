"""Every container of the three servers: pinned, bounded, watched and without rights."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.compose import files
from tests.unit.compose.files import ALL, Service, named

# Every exception, with its reason. One that is no longer needed fails a test.
ROOT = {
    "centre/registry": "the official image's volume is root's",
    "a5/cadvisor": "reads /var/lib/docker and the engine's socket, which are root's",
    "centre/cadvisor": "reads /var/lib/docker and the engine's socket, which are root's",
    "a5/gateway-exporter": "reads the gateway's log, which the engine keeps as root's",
    "a5/backup": "reads the files of every owner, to keep them",
    "centre/backup": "reads the files of every owner, to keep them",
}
CAPABILITIES = {f"{server}/backup": ["DAC_OVERRIDE"] for server in ("a5", "centre")}
NO_HEALTH_CHECK = {
    "a5/api": "the deploy asks it through the gateway, the path that traffic takes",
    "a5/web": "the deploy asks it through the gateway, the path that traffic takes",
    "a5/ai-worker": "the deploy asks it through the gateway, the path that traffic takes",
}
# Who a mount of the host's would let in, and why it is there all the same.
HOST_MOUNTS = {
    "a5/gateway": "its configuration, certificates and the markers, read-only",
    "a5/cadvisor": "the engine and its files, read-only",
    "a5/backup": "what is kept, read-only; only its figures are written",
    "centre/backup": "what is kept, read-only; only its figures are written",
    "a5/node-exporter": "the machine's disks and /proc, read-only",
    "centre/node-exporter": "the machine's disks and /proc, read-only",
    "centre/cadvisor": "the engine and its files, read-only",
    "a5/gateway-exporter": "its program, and the logs that the engine keeps, read-only",
    "a5/collector": "its configuration, read-only",
    "a5/log-agent": "its configuration, read-only",
    "centre/log-agent": "its configuration, read-only",
    "a5/log-engine": "its configuration and the engine's socket, of which it hands on little",
    "centre/log-engine": "its configuration and the engine's socket, of which it hands on little",
    "centre/prometheus": "its configuration and the rules, read-only",
    "centre/alertmanager": "its configuration, read-only",
    "centre/intake": "its configuration, read-only",
    "centre/loki": "its configuration, read-only",
    "centre/grafana": "data sources and dashboards, read-only",
    "centre/jenkins": "its configuration and secrets, read-only",
    "centre/jenkins-build": "the keys of known hosts, read-only",
    "centre/jenkins-deploy": "the keys of known hosts, read-only",
    "centre/build-engine": "its configuration and the engine's socket, of which it hands on little",
    "centre/ops-nginx": "its configuration and certificates, read-only",
    "centre/s3-setup": "its script and the policies, read-only",
    "proxy/proxy": "its configuration, read-only",
}
FIGURES = ["${PROTOSTAR_ROOT:-/srv/protostar}/metrics:/metrics"]
WRITTEN = {"a5/backup": FIGURES, "centre/backup": FIGURES}
PRIVATE = "127.0.0.1:${PROTOSTAR_PRIVATE_PORT:-8081}:8081"
# Nothing else is published. docs/servers.md has the same list for people.
PORTS = {
    "a5/gateway": [
        "${PROTOSTAR_PUBLIC:-0.0.0.0:80}:80",
        "${PROTOSTAR_PUBLIC_TLS:-127.0.0.1:}:443",
        PRIVATE,
    ],
    "centre/ops-nginx": ["${PROTOSTAR_OPS:-0.0.0.0:8888}:8888", PRIVATE],
    "centre/registry": ["127.0.0.1:${PROTOSTAR_REGISTRY_PORT:-5000}:5000"],
    "centre/intake": ["${PROTOSTAR_INTAKE_LISTEN:-127.0.0.1:7171}:7171"],
    "centre/s3": ["${PROTOSTAR_S3_LISTEN:-127.0.0.1:7070}:7070"],
    "proxy/proxy": ["${PROTOSTAR_PROXY:-0.0.0.0:443}:443", PRIVATE],
}
INTERNAL = {"app", "ci", "data", "engine", "watch"}
# Alone with its own folder and the socket, of which it hands on a list of questions.
ENGINES_GUARDS = {"build-engine", "log-engine"}
GIVES_RIGHTS = {"privileged", "devices", "userns_mode", "ipc", "network_mode", "pid"}
IMAGE = re.compile(r"\$\{PROTOSTAR_[A-Z0-9_]+:-(?P<reference>[\w./-]+):(?P<tag>v?\d[\w.-]*)\}")

every_service = pytest.mark.parametrize("service", ALL, ids=named)


def test_there_are_services_to_look_at() -> None:
    assert {"a5/postgres", "a5/api", "centre/s3", "proxy/proxy"} <= {named(each) for each in ALL}


@every_service
def test_its_image_is_pinned_and_can_be_another(service: Service) -> None:
    if service.switched:
        assert "image" not in service.body, "the deploy says which"
    else:
        assert IMAGE.fullmatch(service.body["image"])


@every_service
def test_its_memory_and_processes_are_bounded(service: Service) -> None:
    assert service.memory_mib > 0
    assert 0 < int(service.limits["pids"]) <= 300


@every_service
def test_its_log_is_rotated(service: Service) -> None:
    logging = service.body["logging"]
    assert logging["driver"] in ("local", "json-file")
    assert re.fullmatch(r"\d+m", logging["options"]["max-size"])
    assert int(logging["options"]["max-file"]) > 1


@every_service
def test_somebody_looks_whether_it_is_well(service: Service) -> None:
    check = service.body.get("healthcheck", {"disable": True})
    assert bool(check.get("disable")) == (named(service) in NO_HEALTH_CHECK)
    assert ("test" in check) != bool(check.get("disable"))


@pytest.mark.parametrize("service", [each for each in ALL if each.job], ids=named)
def test_a_sync_waits_for_a_job_to_end(service: Service) -> None:
    """One that is not healthy yet is not well; one that ended with 0 is."""
    assert service.body["healthcheck"]["test"] == ["CMD", "false"]
    assert service.body["healthcheck"]["start_period"] == "300s"


@every_service
def test_it_has_no_right_that_it_does_not_need(service: Service) -> None:
    body = service.body
    assert body["read_only"] is True
    assert body["cap_drop"] == ["ALL"]
    assert body["security_opt"] == ["no-new-privileges:true"]
    assert not GIVES_RIGHTS & set(body)
    assert body.get("cap_add", []) == CAPABILITIES.get(named(service), [])


@every_service
def test_it_is_not_root(service: Service) -> None:
    """A switched service's user is its image's."""
    user = str(service.body.get("user", ""))
    if not service.switched:
        assert bool(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)) != (named(service) in ROOT)


@every_service
def test_it_sees_the_hosts_files_read_only_and_by_exception(service: Service) -> None:
    binds = [each for each in service.body.get("volumes", []) if each.startswith(("/", ".", "$"))]
    assert bool(binds) == (named(service) in HOST_MOUNTS)
    assert [each for each in binds if ":ro" not in each] == WRITTEN.get(named(service), [])


@every_service
def test_it_publishes_what_the_plan_says_and_nothing_else(service: Service) -> None:
    assert service.body.get("ports", []) == PORTS.get(named(service), [])


@every_service
def test_it_is_on_networks_that_are_named(service: Service) -> None:
    """Never on Compose's default one, where everybody meets."""
    assert service.body.get("networks")


@pytest.mark.parametrize("service", [s for s in ALL if "ci" in s.body["networks"]], ids=named)
def test_only_jenkins_and_its_agents_reach_the_engine_for_builds(service: Service) -> None:
    assert named(service) in {
        *("centre/jenkins", "centre/jenkins-build", "centre/jenkins-deploy"),
        "centre/build-engine",
    }


@every_service
def test_nobody_but_its_guards_holds_the_engines_socket(service: Service) -> None:
    """cAdvisor has the folder that it lies in: it cannot do without."""
    volumes = [each.split(":")[0] for each in service.body.get("volumes", [])]
    assert ("/var/run/docker.sock" in volumes) == (service.name in ENGINES_GUARDS)
    assert ("/var/run" in volumes) == (service.name == "cadvisor")


@pytest.mark.parametrize("service", [s for s in ALL if "engine" in s.body["networks"]], ids=named)
def test_only_the_log_agent_reaches_the_engine_for_logs(service: Service) -> None:
    assert service.name in {"log-agent", "log-engine"}


@pytest.mark.parametrize("server", ["a5", "centre"])
def test_both_servers_let_their_log_agent_ask_the_same(server: str) -> None:
    asked = files.text(server, "log-agent/engine/nginx.conf")
    assert asked == files.text("a5", "log-agent/engine/nginx.conf")
    assert " POST " not in asked


@every_service
def test_it_comes_back_after_a_reboot_unless_it_is_a_job(service: Service) -> None:
    assert service.job or service.body["restart"] == "unless-stopped"


@pytest.mark.parametrize(
    "table", [ROOT, NO_HEALTH_CHECK, HOST_MOUNTS, PORTS, CAPABILITIES, WRITTEN]
)
def test_no_exception_is_left_of_something_that_went(table: dict[str, object]) -> None:
    assert set(table) <= {named(service) for service in ALL}


def networks() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (f"{server}/{file}", name, network)
        for server in files.SERVERS
        for file in files.files(server)
        for name, network in files.document(server, file).get("networks", {}).items()
    ]


@pytest.mark.parametrize(("where", "name", "network"), networks())
def test_only_the_edge_leads_out(where: str, name: str, network: dict[str, Any]) -> None:
    assert network["name"].startswith("${PROTOSTAR_")
    assert network.get("external") or network.get("internal", False) == (name in INTERNAL)


@pytest.mark.parametrize("service", [s for s in ALL if "data" in s.body["networks"]], ids=named)
def test_only_who_needs_the_data_is_on_their_network(service: Service) -> None:
    assert named(service) in {
        *("a5/postgres", "a5/postgres-setup", "a5/api", "a5/ai-worker", "a5/backup"),
        "a5/postgres-exporter",
        *("centre/s3", "centre/s3-setup"),
    }


def test_who_holds_data_has_a_volume_with_a_name_of_its_own() -> None:
    """The project's name before it would lose the data when the project is called otherwise."""
    volumes = {
        f"{server}/{name}": volume["name"]
        for server in files.SERVERS
        for file in files.files(server)
        for name, volume in files.document(server, file).get("volumes", {}).items()
    }
    assert volumes == {
        name: f"${{PROTOSTAR_VOLUMES:-protostar}}-{name.partition('/')[2]}"
        for name in (
            *("a5/postgres", "a5/queue", "a5/backup-spool", "centre/backup-spool"),
            *("centre/registry", "centre/s3", "centre/s3-users", "centre/dyndns"),
            *("centre/jenkins", "centre/jenkins-build", "centre/jenkins-deploy"),
            *("a5/collector", "a5/log-agent", "centre/log-agent", "centre/prometheus"),
            *("centre/alertmanager", "centre/loki", "centre/grafana"),
        )
    }


def test_the_two_backup_containers_differ_in_what_they_keep_and_where_to_alone() -> None:
    """A stack is one folder, so each server has a file of its own for the same container."""
    of_a5, of_centre = (
        next(service.body for service in ALL if named(service) == f"{server}/backup")
        for server in ("a5", "centre")
    )
    differ = {key for key in of_a5 | of_centre if of_a5.get(key) != of_centre.get(key)}
    own = {"hostname", "environment", "volumes", "networks"}
    assert differ == own | {"mem_limit", "healthcheck"}
