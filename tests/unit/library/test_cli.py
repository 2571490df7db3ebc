"""`protostar library run`: what is kept for the build page, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bench.engine import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

BUILD = {"job": "api", "number": "12", "url": "http://j/12/", "causes": [{"userId": "kim"}]}
SETTINGS = {"service": "api", "lockWaitMinutes": 0, "dashboard": "http://g/", "dryRun": False}
CONFIG = """
project: shop
hosts:
  a5: { local: true, root: /nowhere }
services:
  api: { host: a5, image: shop/api, compose: api.yml, port: 3000 }
"""


class Agent:
    def __init__(self, folder: Path) -> None:
        self.folder, self.infra = folder / "tmp", folder / "infra"
        self.folder.mkdir()
        self.infra.mkdir()
        (self.infra / "protostar.yml").write_text(CONFIG)

    def run(self, action: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        told = {
            "action": action,
            "settings": {**SETTINGS, **settings},
            "workspace": str(self.infra),
            "infra": str(self.infra),
            "folder": str(self.folder),
            "build": BUILD,
        }
        request = self.folder / "request.json"
        request.write_text(json.dumps(told))
        argv = [sys.executable, "-m", "pyhelpers.library", "run", str(request)]
        return subprocess.run(
            argv, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60
        )

    def kept(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def test_a_refusal_leaves_three_lines_a_description_and_a_report(agent: Agent) -> None:
    done = agent.run("plan", service="apu", version="v2", hosts=[], noRegistry=False)
    assert done.returncode != 0
    assert done.stdout.startswith("$ protostar deploy plan apu v2 --json\n")
    told = agent.kept("error.txt").splitlines()
    assert "apu" in told[0]
    assert [line.split(":")[0] for line in told[1:]] == ["State", "Try"]
    assert '<a href="http://g/">dashboard</a>' in agent.kept("description.html")
    report = json.loads(agent.kept("report.json"))
    assert [stage["name"] for stage in report["stages"]] == ["plan"]
    assert "protostar deploy plan apu v2" in agent.kept("report.html")


def test_another_build_on_the_same_agent_begins_anew(agent: Agent) -> None:
    agent.run("plan", service="apu", version="v2", hosts=[], noRegistry=False)
    (agent.folder / "build.txt").write_text("api 11")
    agent.run("plan", service="apu", version="v3", hosts=[], noRegistry=False)
    assert len(json.loads(agent.kept("report.json"))["stages"]) == 1


def test_a_service_that_there_is_not_is_refused_before_a_sync(agent: Agent) -> None:
    done = agent.run("sync", service="apu", sync="plan", hosts=[])
    assert done.returncode == 2
    assert agent.kept("error.txt").startswith("there is no service `apu` in protostar.yml\n")


def test_a_host_without_a_stack_has_nothing_to_sync(agent: Agent) -> None:
    done = agent.run("sync", sync="plan", hosts=[])
    assert done.returncode == 0
    assert "no host of the service has a configuration to sync" in done.stdout


def test_a_dry_run_prints_the_commands_and_runs_none(agent: Agent) -> None:
    done = agent.run("build", tag="", context=".", allowDirty=False, dryRun=True)
    assert done.returncode == 0
    assert done.stdout.startswith("$ protostar build api --context ")
    assert agent.kept("image") == "THE-BUILT-IMAGE"


def test_no_image_of_an_earlier_build_is_taken_for_this_ones(agent: Agent) -> None:
    (agent.folder / "image").write_text("v1@sha256:1")
    assert agent.run("build", service="apu", tag="", context=".", allowDirty=False).returncode != 0
    assert not (agent.folder / "image").exists()
