"""guard.sh keeps its contract, and its model in tests/model keeps the same one."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.unit.deploy.guard_in_memory import MemoryStage
from tests.unit.deploy.guard_on_bash import BashStage
from tests.unit.deploy.guard_table import play, read_cases

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.deploy.guard_table import Case, Outcome

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
