"""Every case of tests/cases/plan gives exactly the steps, or the refusal, that stand beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pyhelpers.deploy.model import StepName
from pyhelpers.deploy.plan import make_plan
from pyhelpers.deploy.report import plan_as_dict
from pyhelpers.errors import Exit, ProtostarError
from tests.unit.deploy.cases import read_cases

if TYPE_CHECKING:
    from pyhelpers.deploy.model import Plan
    from tests.unit.deploy.cases import Case

ALL = list(read_cases())
PLANNED = [case for case in ALL if not case.refused]
REFUSED = [case for case in ALL if case.refused]


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", PLANNED, ids=named)
def test_the_plan_is(case: Case) -> None:
    made = make_plan(case.facts, case.target)
    assert [str(step.name) for step in made.steps] == case.expected["steps"]
    for step, words in case.expected.get("tells", {}).items():
        assert words in told(made, step)
    assert_warnings(made, case.expected.get("warnings", []))
    for key in {"live", "idle", "fallback", "pull", "prune"} & set(case.expected):
        assert plain(getattr(made, key)) == case.expected[key], key


def told(made: Plan, step: str) -> str:
    return next(each.what for each in made.steps if each.name is StepName(step))


def plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def assert_warnings(made: Plan, words: list[str]) -> None:
    assert len(made.warnings) == len(words), made.warnings
    for warning, part in zip(made.warnings, words, strict=True):
        assert part in warning


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_it_is_refused(case: Case) -> None:
    with pytest.raises(ProtostarError) as refused:
        make_plan(case.facts, case.target)
    expected, error = case.expected["refused"], refused.value
    assert error.exit_code is Exit[expected.get("exit", "PREFLIGHT")]
    assert expected["error"] in error.error
    assert expected["try"] in error.try_
    assert expected.get("state", "nothing was changed") in error.state


@pytest.mark.parametrize("case", PLANNED, ids=named)
def test_the_order_of_the_steps_is_safe(case: Case) -> None:
    """No traffic before it is ready, no commit before the proof, no stop before the commit."""
    safe = [
        *(StepName.CLEAN, StepName.FETCH, StepName.HOOKS, StepName.START, StepName.READY),
        *(StepName.SWITCH, StepName.VERIFY, StepName.BAKE, StepName.COMMIT),
        *(StepName.DRAIN, StepName.STOP, StepName.RECORD),
    ]
    names = [step.name for step in make_plan(case.facts, case.target).steps]
    assert names == [name for name in safe if name in names]


@pytest.mark.parametrize("case", PLANNED, ids=named)
def test_a_plan_can_be_written_as_json_and_read_back(case: Case) -> None:
    told = plan_as_dict(make_plan(case.facts, case.target))
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("case", PLANNED, ids=named)
def test_nothing_that_runs_or_is_wanted_is_pruned(case: Case) -> None:
    running = {each.release for each in case.facts.containers if each.running}
    pruned = {each.partition("=")[0] for each in make_plan(case.facts, case.target).prune}
    assert not pruned & (running | {case.target.release.id})


def test_there_are_cases_for_every_step_and_every_check() -> None:
    steps = {name for case in PLANNED for name in case.expected["steps"]}
    assert steps == {str(name) for name in StepName}
    assert len(ALL) >= 40
