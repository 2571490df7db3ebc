"""jobs/upkeep.yml: what Jenkins does by itself for data and certificates, and what never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pyhelpers.backup.cli import group
from tests.unit.compose.files import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = yaml.safe_load((CHECKOUT / "protostar.example.yml").read_text(encoding="utf-8"))
JOBS = yaml.safe_load((CHECKOUT / "jobs/upkeep.yml").read_text(encoding="utf-8"))["pipelines"]
BACKUPS = [job for name, job in JOBS.items() if name.startswith("protostar/backups/")]
# Those that change nothing on the host itself.
HARMLESS = {"run", "verify", "drill"}


def choices(job: dict[str, Any], name: str) -> list[str]:
    found: list[str] = job["parameters"][name]["choices"]
    return found


def test_each_host_that_jenkins_keeps_is_kept_read_and_drilled_by_the_clock() -> None:
    commands = [each for job in BACKUPS for each in choices(job, "COMMAND")]
    assert sorted(commands) == sorted(HARMLESS)
    assert set(commands) <= set(group.commands)
    assert all(job["triggers"]["cron"] for job in JOBS.values())


def test_nobody_can_have_jenkins_restore() -> None:
    """Who may start a job may choose its parameters: so there is a list, and it is not on it."""
    for job in BACKUPS:
        assert job["parameters"].keys() == {"COMMAND", "HOST"}
        assert {parameter["kind"] for parameter in job["parameters"].values()} == {"choice"}
        assert set(choices(job, "COMMAND")) <= HARMLESS


@pytest.mark.parametrize("job", BACKUPS, ids=lambda job: choices(job, "COMMAND")[0])
def test_a_backup_job_names_hosts_that_are_kept(job: dict[str, Any]) -> None:
    assert set(choices(job, "HOST")) <= EXAMPLE["backup"]["hosts"].keys()


def test_the_certificates_are_those_of_the_example_on_hosts_that_jenkins_reaches() -> None:
    issued = EXAMPLE["certificates"]["issue"]
    names = choices(JOBS["protostar/certificates"], "NAMES")
    assert {issued[name]["host"] for name in names} == {"a5"}


def scripts() -> list[Path]:
    return sorted({CHECKOUT / job["script"] for job in JOBS.values()})


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.name)
def test_what_it_runs_is_there_and_says_nothing_of_what_the_yaml_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.strip().startswith("//"))
    for word in ("triggers", "parameters", "properties"):
        assert word not in code
    assert "label 'deploy'" in code
    # Never put together by Groovy: a parameter reaches the shell as a variable.
    assert 'script: "' not in code
