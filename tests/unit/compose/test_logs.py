"""The way of a line: what the log agent may ask, which labels it sets, how long Loki keeps it.

Alloy and Loki themselves cannot run here: their configurations are held to what they must say.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.unit.compose import files

LABELS = ["host", "service", "colour", "env", "level"]
SERVERS = ["a5", "centre"]
every_server = pytest.mark.parametrize("server", SERVERS)


def agent(server: str) -> str:
    """Its configuration, without comments."""
    text = files.text(server, "log-agent/config.alloy")
    return re.sub(r"^\s*//.*\n", "", text, flags=re.MULTILINE)


def allowed(request: str) -> bool:
    """As nginx's map judges `METHOD /path`."""
    text = files.text("a5", "log-agent/engine/nginx.conf")
    patterns = re.findall(r'^\s+"~(\^[^"]+)"\s+1;$', text, re.MULTILINE)
    assert len(patterns) == 4
    return any(re.search(pattern, request) for pattern in patterns)


@pytest.mark.parametrize(
    "request_line",
    [
        "HEAD /_ping",
        "GET /v1.51/containers/json",
        "GET /v1.51/containers/0f3a/json",
        "GET /v1.51/containers/0f3a/logs",
        "GET /v1.51/networks",
    ],
)
def test_the_log_agent_may_look_and_read(request_line: str) -> None:
    assert allowed(request_line)


@pytest.mark.parametrize(
    "request_line",
    [
        "POST /v1.51/containers/create",
        "POST /v1.51/containers/0f3a/exec",
        "POST /v1.51/containers/0f3a/stop",
        "DELETE /v1.51/containers/0f3a",
        "GET /v1.51/containers/0f3a/archive",
        "GET /v1.51/containers/0f3a/export",
        "GET /v1.51/containers/../secrets",
        "GET /v1.51/secrets",
        "POST /v1.51/containers/json",
    ],
)
def test_it_may_do_nothing_else(request_line: str) -> None:
    assert not allowed(request_line)


@every_server
def test_it_asks_the_engines_guard_and_not_the_engine(server: str) -> None:
    hosts = re.findall(r'\bhost\s+= "([^"]+)"', agent(server))
    assert hosts == ["tcp://log-engine:2375"] * 2


@every_server
def test_a_line_has_five_labels_and_no_sixth(server: str) -> None:
    kept = re.search(r"stage\.label_keep \{\s+values = \[([^]]*)\]", agent(server))
    assert kept is not None
    assert re.findall(r'"(\w+)"', kept[1]) == LABELS
    by_rule = set(re.findall(r'target_label\s*= "(\w+)"', agent(server)))
    of_all = set(re.findall(r'"(\w+)"\s*= sys\.env', agent(server)))
    assert by_rule | of_all | {"level"} == set(LABELS)


@every_server
def test_it_finds_a_colour_by_the_labels_that_a_deploy_gives_it(server: str) -> None:
    for name in ("service", "colour"):
        assert f"__meta_docker_container_label_org_protostar_{name}" in agent(server)


@every_server
def test_while_centre_is_away_it_gives_no_line_up(server: str) -> None:
    assert re.search(r"max_backoff_retries = 0$", agent(server), re.MULTILINE)


@every_server
def test_whom_it_hands_lines_to_is_there(server: str) -> None:
    text = agent(server)
    there = {
        f"{kind}.{name}" for kind, name in re.findall(r'^([\w.]+) "(\w+)" \{$', text, re.MULTILINE)
    }
    used = set(re.findall(r"\b((?:discovery|loki)\.\w+\.\w+)\.(?:receiver|targets|output)", text))
    assert used
    assert used <= there
    assert text.count("{") == text.count("}")


def test_both_servers_read_the_same_way() -> None:
    """Only A5's has a door with a password before it."""
    door = re.compile(r" *basic_auth \{.*?\n    \}\n", re.DOTALL)
    assert "basic_auth" not in agent("centre")
    assert door.sub("", agent("a5")) == agent("centre")


def loki() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(files.text("centre", "loki/loki.yml"))
    return found


def test_loki_really_removes_what_is_older_than_thirty_days() -> None:
    """Without the compactor's word the period is only written down."""
    assert loki()["compactor"]["retention_enabled"] is True
    assert loki()["compactor"]["delete_request_store"] == "filesystem"
    hours = int(loki()["limits_config"]["retention_period"].removesuffix("h"))
    assert hours == 30 * 24
    (schema,) = loki()["schema_config"]["configs"]
    assert hours % int(schema["index"]["period"].removesuffix("h")) == 0


def test_loki_takes_the_five_labels_and_refuses_a_sixth() -> None:
    assert loki()["limits_config"]["max_label_names_per_series"] == len(LABELS)


def test_all_that_loki_keeps_is_on_its_volume() -> None:
    (service,) = [each for each in files.services("centre") if each.name == "loki"]
    assert "loki:/loki" in service.body["volumes"]
    common = loki()["common"]
    kept = [common["path_prefix"], *common["storage"]["filesystem"].values()]
    kept += [loki()["compactor"]["working_directory"], loki()["ingester"]["wal"]["dir"]]
    assert [path for path in kept if not path.startswith("/loki")] == []


def test_prometheus_keeps_as_long_and_never_more_than_its_disk() -> None:
    (service,) = [each for each in files.services("centre") if each.name == "prometheus"]
    assert {"--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=10GB"} <= set(
        service.body["command"]
    )
