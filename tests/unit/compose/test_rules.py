"""The alert rules, by Prometheus's own tool: each fires when it must, and only then."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import observed
from tests.observed import CHECKOUT, RULES, alerts

PROMTOOL = shutil.which(
    "promtool", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)
SEVERITIES = {"page", "ticket", "none"}
# It always fires: there is no healthy series on which it could be silent.
ALWAYS = {"Watchdog"}
RUNBOOK = CHECKOUT / "docs" / "runbook.md"
# Kubernetes's labels of cAdvisor. On plain Docker a rule that names them is silent for good.
KUBERNETES = re.compile(r"\b(container|pod|namespace)\b(?=\s*[=!,)])")

every_file = pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)


def said(path: Path) -> list[dict[str, Any]]:
    """What the tests of that file say of single alerts at single moments."""
    text = (CHECKOUT / "tests/rules" / path.name).read_text(encoding="utf-8")
    return [each for test in yaml.safe_load(text)["tests"] for each in test["alert_rule_test"]]


def test_there_are_rules_to_look_at() -> None:
    assert {"hosts", "services", "databases", "observers", "backups"} <= {p.stem for p in RULES}
    assert sum(len(alerts(path)) for path in RULES) >= 30


@pytest.mark.skipif(
    PROMTOOL is None and "CI" not in os.environ, reason="no promtool: script/promtool"
)
@every_file
def test_each_rule_fires_and_is_silent(path: Path) -> None:
    assert PROMTOOL, "script/promtool"
    argv = [PROMTOOL, "test", "rules", str(CHECKOUT / "tests/rules" / path.name)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@every_file
def test_each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_is_silent(path: Path) -> None:
    firing = {each["alertname"] for each in said(path) if each["exp_alerts"]}
    silent = {each["alertname"] for each in said(path) if not each["exp_alerts"]}
    names = {rule["alert"] for rule in alerts(path)}
    assert firing == names
    assert silent == names - ALWAYS


@every_file
def test_each_alert_says_how_much_it_matters_and_what_to_do(path: Path) -> None:
    sections = set(re.findall(r"^### (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))
    for rule in alerts(path):
        assert rule["labels"]["severity"] in SEVERITIES
        assert set(rule["annotations"]) == {"summary", "runbook"}
        assert rule["alert"] in sections


def test_the_runbook_has_no_section_of_an_alert_that_went() -> None:
    sections = re.findall(r"^### (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(sections) == {rule["alert"] for path in RULES for rule in alerts(path)}
    assert len(set(sections)) == len(sections)


@every_file
def test_no_rule_asks_for_a_figure_that_nothing_exports(path: Path) -> None:
    for rule in observed.rules(path):
        assert observed.names(rule["expr"]) - observed.exported() == set(), rule["expr"]


@every_file
def test_no_rule_is_written_for_kubernetes(path: Path) -> None:
    for rule in observed.rules(path):
        assert not KUBERNETES.search(rule["expr"]), rule["expr"]


def test_the_container_exports_what_the_rule_asks_for() -> None:
    assert observed.WAL in (CHECKOUT / "docker/backup/wal.sh").read_text(encoding="utf-8")
