"""guard.sh keeps its contract, and its model in tests/model keeps the same one."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.unit.deploy.guard_in_memory import MemoryStage
from tests.unit.deploy.guard_on_bash import LIMIT_S, BashStage
from tests.unit.deploy.guard_table import Case, play, read_cases

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.deploy.guard_table import Outcome

ALL = list(read_cases())


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", ALL, ids=named)
def test_script_and_model_do_what_the_table_says(case: Case, tmp_path: Path) -> None:
    with closing(BashStage(tmp_path, case.given)) as stage:
        real = play(case, stage)
    assert_expected(case, real)
    assert play(case, MemoryStage(case.given)) == real


def assert_expected(case: Case, outcome: Outcome) -> None:
    expected = case.expected
    assert set(expected) <= {"heard", "files", "docker"}
    for name, lines in expected.get("heard", {}).items():
        assert outcome.heard[name] == lines
    for path, content in expected.get("files", {}).items():
        assert outcome.files.get(path) == content, path
    assert outcome.docker == expected.get("docker", [])


def test_what_a_dead_engine_did_not_stop_is_left_and_said(tmp_path: Path) -> None:
    """Nobody was seen is not nobody runs: who was not drained must not be stopped."""
    given = {
        "files": {"live/api.blue": "", "adopted/api.blue": "old1\n"},
        "containers": {"b1": {"colour": "blue", "release": "aaaaaaaaaaaa", "stop": "fails"}},
    }
    script = [
        *[("start", "anna"), ("hear", "held *"), ("say", 'about {"id": "d1"}')],
        *[("say", "terms gateway 3000 0 7 http / no edge"), ("say", "switch blue green yes")],
        *[("hear", "switched *"), ("say", "commit {}"), ("end", 0)],
    ]
    case = Case("a container that does not stop", given, script, {})
    with closing(BashStage(tmp_path, case.given)) as stage:
        found = play(case, stage)
    assert found.heard["anna"][-2].startswith("trouble the engine did not stop blue")
    assert "stopped blue" not in found.heard["anna"]
    assert found.files["adopted/api.blue"] == "old1\n"
    assert found.files["history/api.jsonl"][-1]["cut"] is None  # type: ignore[index]  # it is a list
    assert not any(call.startswith(("rm", "network")) for call in found.docker)


def test_a_deployer_that_is_gone_altogether_leaves_nothing_running(tmp_path: Path) -> None:
    """Nobody reads what the guard says any more; it drains and stops all the same."""
    given = {
        "files": {"live/api.blue": ""},
        "containers": {
            "g1": {"colour": "green", "release": "bbbbbbbbbbbb", "address": "172.18.0.3"}
        },
    }
    lines = ('about {"id": "d1"}', "terms gateway 3000 5000 7 http / no edge", "mine green")
    with closing(BashStage(tmp_path, given)) as stage:
        argv, pipe = stage.argv("anna"), subprocess.PIPE
        guard = subprocess.Popen(argv, env=stage.env, text=True, stdin=pipe, stdout=pipe)
        assert guard.stdin is not None
        assert guard.stdout is not None
        assert guard.stdout.readline().startswith("held ")
        guard.stdout.close()
        guard.stdin.write("".join(f"{line}\n" for line in lines))
        guard.stdin.close()
        assert guard.wait(LIMIT_S) == 0
        assert stage.docker() == ["stop -t 7 g1"]
