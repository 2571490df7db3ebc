"""The algorithm: the plan's steps in their order, each in its own words to the guard."""

from __future__ import annotations

from typing import Any

import pytest

from pyhelpers.deploy import execute as room
from pyhelpers.deploy.execute import STEPS, execute
from pyhelpers.deploy.guard import GuardLost
from pyhelpers.deploy.model import StepName
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import Line, MemoryHost, run_of, seen

SWITCHED = ["switched 104 1795430400000000"]
FINISHING = ["committed", "draining 2", "drained 450 0", "stopped blue", "bye"]
AFTER_READY = (StepName.SWITCH, StepName.COMMIT, StepName.DRAIN, StepName.STOP, StepName.RECORD)


def run_with(*names: StepName, says: dict[str, list[str]] | None = None, **changes: Any) -> Any:
    line = Line({"switch": SWITCHED, "commit": FINISHING, **(says or {})})
    plan = builders.plan(changes.pop("wanted", None), *names)
    return run_of(MemoryHost(line=line), plan, **changes)


def test_every_step_of_a_plan_can_be_done() -> None:
    assert set(STEPS) == set(StepName)


def test_the_steps_are_done_in_the_plans_order_and_shown() -> None:
    run = run_with(*AFTER_READY)
    execute(run)
    begun = [line.removeprefix("begin ") for line in seen(run) if line.startswith("begin ")]
    assert begun == list(AFTER_READY)
    assert seen(run)[-1] == "end record"
    assert list(run.seconds) == list(AFTER_READY)


def test_the_guard_knows_each_step_until_the_commit() -> None:
    run = run_with(*AFTER_READY)
    execute(run)
    assert run.host.line.words() == ["step", "switch", "step", "prune", "commit"]
    assert run.host.line.sent[0] == "step switch"


def test_the_switch_says_from_where_to_where_and_how_long_it_took() -> None:
    run = run_with(StepName.SWITCH)
    execute(run)
    assert run.switched
    assert run.switch_s == pytest.approx(0.000104)
    assert "blue → green in 0.1 ms" in seen(run)


def test_the_commit_carries_the_proof_and_what_may_be_pruned() -> None:
    run = run_with(StepName.COMMIT, verdict="good: 0 of 40 failed", seconds={"verify": 0.2})
    run.plan = builders.plan(None, StepName.COMMIT, prune=("v0",))
    execute(run)
    assert "prune v0" in run.host.line.sent
    assert run.host.line.sent[-1] == (
        'commit {"steps": {"verify": 0.2}, "verdict": "good: 0 of 40 failed"}'
    )
    assert run.committed


def test_the_drain_says_who_is_cut() -> None:
    run = run_with(
        StepName.COMMIT, StepName.DRAIN, says={"commit": ["committed", "drained 60012 3"]}
    )
    execute(run)
    assert (run.drain_s, run.cut) == (60.012, 3)
    assert "3 still in flight after 60.012 s will be cut" in seen(run)


def test_what_is_kept_warm_is_kept() -> None:
    says = {"commit": ["committed", "kept blue", "bye"]}
    wanted = builders.target(keep_warm=True)
    execute(run_with(StepName.COMMIT, StepName.STOP, StepName.RECORD, says=says, wanted=wanted))


def test_detached_it_returns_after_the_commit() -> None:
    run = run_with(*AFTER_READY, detach=True)
    execute(run)
    assert run.committed
    assert list(run.seconds) == [StepName.SWITCH, StepName.COMMIT]


def test_a_step_that_fails_ends_the_run_and_is_shown_as_failed() -> None:
    run = run_with(*AFTER_READY, says={"switch": ["ended bo@lab"]})
    with pytest.raises(GuardLost, match="ended by bo@lab"):
        execute(run)
    assert seen(run) == ["begin switch", "fail switch"]
    assert run.seconds == {}
    assert not run.switched


def test_a_left_over_colour_is_cleaned_by_the_guard() -> None:
    run = run_with(StepName.CLEAN, says={"clean": ["drained 0 0", "stopped green", "cleaned"]})
    execute(run)
    assert run.host.line.sent == ["step clean idle", "clean green"]
    assert not run.committed


def test_no_step_after_the_commit_asks_the_guard_for_permission() -> None:
    """It may have finished, and gone, already."""
    run = run_with(StepName.COMMIT, StepName.DRAIN, StepName.STOP, StepName.RECORD)
    run.host.line.says["commit"] = []

    def finish_at_once(line: str) -> None:
        Line.send(run.host.line, line)
        if line.startswith("commit"):
            run.host.line.say(*FINISHING)
            run.host.line.hang_up()

    run.host.line.send = finish_at_once
    execute(run)
    assert list(run.seconds)[-1] == StepName.RECORD


def test_the_waits_for_the_guard_are_longer_than_its_own_bounds() -> None:
    assert room.SLACK_S > 0
