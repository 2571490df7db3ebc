"""Whom Prometheus and its collector ask: somebody who is there, on a network that both are on."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests import observed
from tests.unit.compose import files

ASKING = {
    "a5": ("collector", "collector/secrets/prometheus.yml.j2"),
    "centre": ("prometheus", "prometheus/prometheus.yml"),
}
# Colours of a service, by the names that the gateway has them by (nginx/a5/services.conf.j2).
COLOURS = ["ai-worker-blue", "ai-worker-green"]


def jobs(server: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(files.text(server, ASKING[server][1]))[
        "scrape_configs"
    ]
    return found


def targets() -> list[tuple[str, str, str]]:
    return [
        (server, job["job_name"], target)
        for server in ASKING
        for job in jobs(server)
        for each in job.get("static_configs", [])
        for target in each["targets"]
        if not target.startswith("127.0.0.1")
    ]


def service(server: str, name: str) -> files.Service:
    (found,) = [each for each in files.services(server) if each.name == name]
    return found


@pytest.mark.parametrize(("server", "job", "target"), targets())
def test_who_is_asked_is_there_and_can_be_reached(server: str, job: str, target: str) -> None:
    name, _, port = target.partition(":")
    asking = service(server, ASKING[server][0])
    assert {*asking.body["networks"]} & {*service(server, name).body["networks"]}
    assert port.isdigit()


@pytest.mark.parametrize("server", ASKING)
def test_everybody_who_exports_is_asked(server: str) -> None:
    asked = {target.partition(":")[0] for of, _, target in targets() if of == server}
    exporters = {s.name for s in files.services(server) if "exporter" in s.name}
    assert exporters | {"cadvisor", "log-agent"} <= asked


def test_each_colour_of_the_worker_is_asked_by_its_own_address() -> None:
    (job,) = [each for each in jobs("a5") if each["job_name"] == "worker"]
    (found,) = job["dns_sd_configs"]
    assert found["names"] == COLOURS
    assert "edge" in service("a5", "collector").body["networks"]


def test_what_names_its_host_itself_keeps_that_name() -> None:
    for server in ASKING:
        (job,) = [each for each in jobs(server) if each["job_name"] == "node"]
        assert job["honor_labels"] is True


def test_every_series_has_a_host() -> None:
    """Rules and dashboards group by it: the collector's own label, or each target's on Centre."""
    (environment,) = [service("a5", "collector").body["environment"]]
    assert environment["PROTOSTAR_HOST"] == "${PROTOSTAR_HOST:-a5}"
    labels = [each["labels"] for job in jobs("centre") for each in job["static_configs"]]
    assert {each["host"] for each in labels} == {"centre"}


def test_every_group_of_rules_is_named_after_what_it_watches() -> None:
    names = [
        group["name"]
        for path in observed.RULES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]
    assert len(set(names)) == len(names)
