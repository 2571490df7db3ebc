"""A job that loads the shared library from a local repository, and runs one of its steps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.jobs.answers import NotFound
from tests.unit.jobs.world import brought

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .live import Live

CHECKOUT = Path(__file__).resolve().parents[2]
DELIVERED = ("vars", "src", "resources")
BUILD_S = 300.0
JENKINSFILE = """\
library identifier: 'protostar@main',
  retriever: modernSCM([$class: 'GitSCMSource', id: 'live', remote: '{remote}'])
node('deploy') {{ checkout scm }}
protostarStatus dryRun: true
"""


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=live", "-c", "user.email=live@localhost"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, timeout=30)


@pytest.fixture
def remote(live: Live) -> Iterator[str]:
    """What a library load delivers, protostar.yml, and a Jenkinsfile that uses both."""
    folder = Path(os.environ["LIVE_JENKINS_FOLDER"]) / live.folder
    for name in DELIVERED:
        shutil.copytree(CHECKOUT / name, folder / name)
    shutil.copytree(CHECKOUT / "pyhelpers", folder / "pyhelpers")
    shutil.copy(CHECKOUT / "protostar.example.yml", folder / "protostar.yml")
    address = f"file://{folder}"
    (folder / "Jenkinsfile").write_text(JENKINSFILE.format(remote=address))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "live")
    yield address
    shutil.rmtree(folder)


def test_a_step_of_the_library_runs(live: Live, remote: str) -> None:
    name = f"{live.folder}/library"
    pipeline = {"scm": {"url": remote, "lightweight": False}}
    declared = {"folders": {live.folder: {}}, "pipelines": {name: pipeline}}
    brought(live.jenkins, live.jobs({"installation": "live", **declared}))
    path = "".join(f"/job/{part}" for part in name.split("/"))
    live.build(path)
    told = ended(live, f"{path}/1")
    log = live.jenkins.connection.get(f"{path}/1/consoleText", "read its log").decode()
    assert told["result"] == "SUCCESS", log
    assert "Loading library protostar@main" in log


def ended(live: Live, path: str) -> dict[str, Any]:
    until = time.monotonic() + BUILD_S
    while time.monotonic() < until:
        told = found(live, path)
        if told and not told["building"]:
            return told
        time.sleep(1)
    raise AssertionError(f"{path} did not end within {BUILD_S:g} s")


def found(live: Live, path: str) -> dict[str, Any]:
    """Nothing while it waits for an agent."""
    try:
        body = live.jenkins.connection.get(f"{path}/api/json?tree=building,result", "look at it")
    except NotFound:
        return {}
    told: dict[str, Any] = json.loads(body)
    return told
