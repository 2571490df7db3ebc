"""The dashboards: current, and asking only for what something exports."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from dashboards import FOLDER
from dashboards.__main__ import texts
from tests import observed

SOURCES = FOLDER.parent / "provisioning/datasources/protostar.yml"
PROVIDERS = FOLDER.parent / "provisioning/dashboards/protostar.yml"
# The log agent's labels (compose/a5/log-agent/config.alloy).
LABELS = {"host", "service", "colour", "env", "level"}


def pages() -> list[dict[str, Any]]:
    return [json.loads(text) for text in texts().values()]


def panels() -> list[dict[str, Any]]:
    return [panel for page in pages() for panel in page["panels"]]


def test_there_are_four_and_the_files_are_current() -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert files == texts(), "python -m dashboards"
    assert set(files) == {"services.json", "hosts.json", "queue.json", "backups.json"}


@pytest.mark.parametrize(("where", "expr"), observed.queries())
def test_no_query_asks_for_a_figure_that_nothing_exports(where: str, expr: str) -> None:
    names = observed.names(expr)
    assert names
    assert names - observed.exported() == set(), where


def test_each_variable_takes_its_values_from_a_figure_that_there_is() -> None:
    for page in pages():
        for each in page["templating"]["list"]:
            found = re.fullmatch(r"label_values\((\w+), (\w+)\)", each["query"])
            assert found is not None
            assert found[1] in observed.exported()
            assert found[2] == each["name"]


def test_each_shows_the_deploys_as_marks() -> None:
    for page in pages():
        (mark,) = observed.marks_of(page)
        assert "protostar_deploy_timestamp_seconds" in mark["expr"]


def test_each_panel_asks_a_source_that_is_provisioned() -> None:
    there = {each["uid"] for each in yaml.safe_load(SOURCES.read_text())["datasources"]}
    assert {panel["datasource"]["uid"] for panel in panels()} <= there


def test_lines_are_asked_for_by_the_labels_that_the_log_agent_sets() -> None:
    (log,) = [panel for panel in panels() if panel["datasource"]["type"] == "loki"]
    (target,) = log["targets"]
    assert set(re.findall(r"(\w+)=", target["expr"])) <= LABELS


def test_grafana_finds_them_where_they_are_mounted() -> None:
    compose = yaml.safe_load((FOLDER.parents[1] / "grafana.yml").read_text())
    (provider,) = yaml.safe_load(PROVIDERS.read_text())["providers"]
    mounts = dict(each.split(":")[:2] for each in compose["services"]["grafana"]["volumes"])
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    environment = compose["services"]["grafana"]["environment"]
    assert mounts["./grafana/provisioning"] == environment["GF_PATHS_PROVISIONING"]
    home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.removeprefix(f"{provider['options']['path']}/") in texts()


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("up == 0 and max_over_time(up[30d]) == 1", {"up"}),
        ('sum by (host, name) (rate(a_total{name!=""}[5m])) / b > 0.5', {"a_total", "b"}),
        ('time() - a_seconds{item=~"x|y"} > 26 * 3600', {"a_seconds"}),
        ("x:y:rate5m - ignoring (url) group_right () z", {"x:y:rate5m", "z"}),
        ("vector(1)", set()),
        ("topk(20, increase(a[1d])) / 1e6", {"a"}),
    ],
)
def test_the_figures_of_an_expression_are_found(expr: str, names: set[str]) -> None:
    assert observed.names(expr) == names
