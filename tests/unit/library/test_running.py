"""One command as a process: its result, its exit code, an abort, somebody else's lock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.library.outcome import Outcome
from pyhelpers.library.request import Command
from pyhelpers.library.running import RETRY_S, run, until_unlocked

if TYPE_CHECKING:
    from pathlib import Path

LOCKED = {"error": "kim@laptop is at work"}


def outcome(code: int, result: Any = None) -> Outcome:
    return Outcome("deploy", "protostar deploy run api v2", code, 0.1, result or {})


def test_what_a_command_prints_is_its_result(tmp_path: Path) -> None:
    (tmp_path / "protostar.yml").write_text("services: {}\n")
    done = run(Command("status", ("deploy", "status", "--json")), tmp_path, os.environ)
    assert done.exit_code == 3
    assert done.result["error"]
    assert done.typed == "protostar deploy status --json"


def test_the_package_that_runs_is_ours_and_not_the_checkouts(tmp_path: Path) -> None:
    (tmp_path / "pyhelpers").mkdir()
    (tmp_path / "pyhelpers/__init__.py").write_text("raise SystemExit(99)\n")
    done = run(Command("digest", ("library", "digest")), tmp_path, os.environ)
    assert done.exit_code == 0


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def monotonic(self) -> float:
        return self.now_s


def test_it_waits_for_somebody_elses_lock() -> None:
    clock, said, answers = (
        Clock(),
        list[str](),
        [outcome(5, LOCKED), outcome(5, LOCKED), outcome(0)],
    )
    done = until_unlocked(lambda: answers.pop(0), 60, said.append, clock.sleep, clock.monotonic)
    assert done.exit_code == 0
    assert clock.now_s == 2 * RETRY_S
    assert said[0] == "kim@laptop is at work; waiting 60 s at most"


def test_it_does_not_wait_for_ever() -> None:
    clock = Clock()
    done = until_unlocked(
        lambda: outcome(5, LOCKED), 60, lambda _: None, clock.sleep, clock.monotonic
    )
    assert done.exit_code == 5
    assert clock.now_s < 60


def test_another_failure_is_not_tried_again() -> None:
    answers = [outcome(6)]
    assert until_unlocked(lambda: answers.pop(0), 60, lambda _: None).exit_code == 6


ABORTED = """
import json, signal, sys
from pathlib import Path
from pyhelpers.library import running
from pyhelpers.library.request import Command
running.sys.executable = sys.argv[1]
done = running.run(Command("deploy", ("deploy", "run")), Path("."), {"PATH": "/usr/bin:/bin"})
print(json.dumps([done.exit_code, done.result]))
"""
# Stands for the deployer: settles what it began when it is told, and says so.
SETTLES = """#!/bin/bash
trap 'echo "{\\"state\\": \\"api-green serves\\"}"; exit 130' TERM
touch began
while :; do sleep 0.05; done
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_abort_is_the_commands_to_settle(tmp_path: Path, number: signal.Signals) -> None:
    command = tmp_path / "command"
    command.write_text(SETTLES.replace("TERM", "TERM INT"))
    command.chmod(0o755)
    argv = [sys.executable, "-c", ABORTED, str(command)]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as helper:
        until_s = time.monotonic() + 20
        while not (tmp_path / "began").exists() and time.monotonic() < until_s:
            time.sleep(0.02)
        helper.send_signal(number)
        printed, _ = helper.communicate(timeout=20)
    assert json.loads(printed) == [130, {"state": "api-green serves"}]
