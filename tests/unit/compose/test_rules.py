"""The alert rules, by Prometheus's own tool: each fires when it must, and only then."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pyhelpers.backup import metrics as backups
from pyhelpers.certs import metrics as certificates

CHECKOUT = Path(__file__).parents[3]
RULES = sorted((CHECKOUT / "compose/centre/prometheus/rules").glob("*.yml"))
PROMTOOL = shutil.which(
    "promtool", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)
# What wal.sh writes itself.
WAL = "protostar_backup_wal_shipped_timestamp_seconds"
EXPORTED = {
    WAL,
    *(f"{backups.PREFIX}_{name}" for name in backups.HELP),
    f"{certificates.PREFIX}_expiry_timestamp_seconds",
    f"{certificates.PREFIX}_renewal_failed",
}


def alerts(path: Path) -> list[dict[str, str]]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.skipif(
    PROMTOOL is None and "CI" not in os.environ, reason="no promtool: script/promtool"
)
@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_each_rule_fires_and_is_silent(path: Path) -> None:
    assert PROMTOOL, "script/promtool"
    argv = [PROMTOOL, "test", "rules", str(CHECKOUT / "tests/rules" / path.name)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_no_rule_is_without_a_test_and_a_runbook(path: Path) -> None:
    tested = (CHECKOUT / "tests/rules" / path.name).read_text(encoding="utf-8")
    for rule in alerts(path):
        assert tested.count(f"alertname: {rule['alert']}") >= 2, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "runbook"}


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_no_rule_asks_for_a_figure_that_nothing_exports(path: Path) -> None:
    for rule in alerts(path):
        assert any(name in rule["expr"] for name in EXPORTED), rule["expr"]


def test_the_container_exports_what_the_rule_asks_for() -> None:
    assert WAL in (CHECKOUT / "docker/backup/wal.sh").read_text(encoding="utf-8")
