"""The suite for a real Jenkins, run against the double: it passes, can fail, and leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.jobs.server_double import ServerDouble, serving
from tests.unit.jobs.world import fresh_double

CHECKOUT = Path(__file__).resolve().parents[3]


def suite(server: ServerDouble | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if "JENKINS" not in name}
    if server is not None:
        environ |= {"JENKINS_URL": server.url, "JENKINS_USER": "admin", "JENKINS_TOKEN": "geheim"}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/live_jenkins"]
    return subprocess.run(
        [*argv, *arguments],
        env=environ,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_it_passes_and_cleans_up() -> None:
    with serving(fresh_double()) as server:
        done = suite(server)
        assert done.returncode == 0, done.stdout
        assert "skipped" not in done.stdout
        assert server.jenkins.items == {}


def test_it_fails_where_jenkins_does_not_keep_what_was_sent() -> None:
    with serving(fresh_double()) as server:
        server.jenkins.plugins["generic-webhook-trigger"] = False
        assert suite(server, "-k", "nothing_to_do").returncode == 1


def test_without_a_jenkins_nothing_is_collected() -> None:
    assert "no tests ran" in suite(None).stdout
