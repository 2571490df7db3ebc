"""Whose turn it is, who is left, and what is told of several hosts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pyhelpers.deploy import fleet
from pyhelpers.deploy.fleet import Outcome, Serving
from pyhelpers.deploy.model import Colour
from pyhelpers.errors import Exit, FailedAfterSwitch, Interrupted, PreflightError, Unreachable
from tests.unit.deploy import builders

CASES = Path(__file__).parents[2] / "cases" / "fleet"
FAILED = Outcome(
    "failed", FailedAfterSwitch(error="v2 is bad", state="blue serves", try_="look").as_dict()
)


def cases(name: str) -> list[Any]:
    entries = yaml.safe_load((CASES / f"{name}.yml").read_text(encoding="utf-8"))
    return [pytest.param(entry, id=entry["name"]) for entry in entries]


def serving(said: dict[str, str | None]) -> dict[str, Serving]:
    """The later a host stands, the later its record."""
    found = {}
    for number, (host, text) in enumerate(said.items(), start=1):
        record = builders.record(text, number) if text else None
        found[host] = Serving(record.colour if record else None, record)
    return found


@pytest.mark.parametrize("case", cases("order"))
def test_who_begins_next(case: dict[str, Any]) -> None:
    tried = {host: Outcome(word) for host, word in case.get("tried", {}).items()}
    begin = fleet.next_hosts(case["hosts"], tried, case.get("going", []), case.get("at_once", 1))
    assert list(begin) == case["next"]


@pytest.mark.parametrize("case", cases("left"))
def test_who_is_left(case: dict[str, Any]) -> None:
    wanted = dict.fromkeys(case["serves"], builders.release(case["wanted"]))
    assert list(fleet.left(wanted, serving(case["serves"]))) == case["left"]


@pytest.mark.parametrize("case", cases("goal"))
def test_where_a_rollback_was_going(case: dict[str, Any]) -> None:
    goal = fleet.rolled_back_to(serving(case["serves"]), one_root=True)
    assert (goal and goal.id) == case["goal"]


class TestOneReleaseForAll:
    def test_the_same_passes(self) -> None:
        same = {"a5": builders.release("v2"), "a6": builders.release("v2")}
        fleet.check_same(same, "", one_root=True)

    def test_a_tag_that_is_another_image_elsewhere_is_refused(self) -> None:
        wanted = {"a5": builders.release("v2"), "a6": builders.release("v3")}
        with pytest.raises(PreflightError) as refused:
            fleet.check_same(wanted, "do this", one_root=True)
        assert refused.value.error.endswith("the same release: a5 v2 (v2), a6 v3 (v3)")
        assert refused.value.state == "nothing was changed"
        assert refused.value.try_ == "do this"

    def test_another_configuration_is_another_release_unless_the_roots_differ(self) -> None:
        first = builders.release("v2")
        wanted = {"a5": first, "a6": replace(first, id="v2-elsewhere")}
        with pytest.raises(PreflightError):
            fleet.check_same(wanted, "", one_root=True)
        fleet.check_same(wanted, "", one_root=False)


ORDER = ("a5", "a6", "a7")
OUTCOMES = {"a5": Outcome("done", {"outcome": "done", "exit_code": 0}), "a6": FAILED}
SERVING = serving({"a5": "deploy v2 green done", "a6": "deploy v1 blue done"})


class TestWhatIsTold:
    def test_a_row_says_what_each_host_serves_and_what_came_of_it(self) -> None:
        assert fleet.rows(ORDER, OUTCOMES, SERVING) == [
            ("a5", "green", "v2 (v2)", "done"),
            ("a6", "blue", "v1 (v1)", "failed"),
            ("a7", "?", "?", "not tried"),
        ]

    def test_a_host_without_a_release_serves_none(self) -> None:
        nothing = {"a5": Serving(None, None), "a6": Serving(Colour.BLUE, None)}
        assert [row[1:3] for row in fleet.rows(("a5", "a6"), {}, nothing)] == [
            ("none", "-"),
            ("blue", "-"),
        ]

    def test_the_object_holds_what_each_host_alone_would_have_printed(self) -> None:
        told = fleet.as_dict("api", ORDER, OUTCOMES, SERVING)
        assert json.loads(json.dumps(told)) == told
        assert (told["service"], told["exit_code"]) == ("api", 7)
        assert told["hosts"][0] == {
            "host": "a5",
            "outcome": "done",
            "live": "green",
            "release": "v2",
            "label": "v2",
            "result": {"outcome": "done", "exit_code": 0},
        }
        assert told["hosts"][1]["result"]["error"] == "v2 is bad"
        assert (told["hosts"][2]["outcome"], told["hosts"][2]["result"]) == ("not tried", None)

    def test_the_error_names_who_failed_who_was_not_tried_and_how_to_go_on(self) -> None:
        problem = fleet.failure(ORDER, OUTCOMES, "again")
        assert str(problem).splitlines() == [
            "Error: a6: v2 is bad",
            "State: a6: blue serves",
            "       not tried: a7",
            "Try: look, then again",
        ]
        assert problem is not None
        assert problem.exit_code is Exit.FAILED_AFTER_SWITCH

    def test_the_exit_code_is_of_who_failed_first(self) -> None:
        refused = Outcome("failed", PreflightError(error="no").as_dict())
        assert fleet.exit_code({"a6": refused, "a5": FAILED}) is Exit.PREFLIGHT
        problem = fleet.failure(("a5", "a6"), {"a6": refused, "a5": FAILED}, "again")
        assert problem is not None
        assert problem.error == "a6: no\na5: v2 is bad"
        assert "not tried" not in problem.state
        assert problem.try_ == "again"

    def test_a_signal_between_two_hosts_is_an_interruption_that_says_who_is_left(self) -> None:
        done = {"a5": Outcome("done")}
        signal = Interrupted(error="interrupted by SIGTERM", state="nothing was changed")
        problem = fleet.interruption(signal, ORDER, done, "again")
        assert (problem.error, problem.exit_code) == ("interrupted by SIGTERM", Exit.INTERRUPTED)
        assert (problem.state, problem.try_) == ("not tried: a6, a7", "again")
        assert fleet.interruption(signal, ("a5",), done, "").state == "all hosts are done"

    def test_without_a_failure_there_is_no_error(self) -> None:
        assert fleet.failure(("a5",), {"a5": Outcome("done")}, "again") is None
        assert fleet.exit_code({"a5": Outcome("done")}) is Exit.DONE


def test_an_outcome_is_read_from_the_object_of_a_host_alone() -> None:
    assert fleet.outcome_of({"outcome": "unchanged"}) == Outcome(
        "unchanged", {"outcome": "unchanged"}
    )
    assert fleet.outcome_of(FAILED.told) == FAILED


def test_hosts_that_refuse_are_one_error_with_each_named_once() -> None:
    problem = fleet.refusal(
        {
            "a5": Unreachable(
                error="a5: the engine does not answer", try_="systemctl start docker"
            ),
            "a6": PreflightError(error="the disk is full"),
        }
    )
    assert problem.error == "a5: the engine does not answer\na6: the disk is full"
    assert (problem.state, problem.try_) == ("nothing was changed", "systemctl start docker")
    assert problem.exit_code is Exit.PREFLIGHT


def test_what_all_of_them_refuse_for_the_same_reason_is_said_once() -> None:
    same = PreflightError(error="the disk is full")
    assert fleet.refusal({"a5": same, "a6": same}).error == "a5, a6: the disk is full"


def test_the_process_for_one_host_is_told_exactly_this() -> None:
    words = ["run", "api", "v2", "--expect", "abc"]
    assert fleet.child("/usr/bin/python3", words, "a6") == [
        *("/usr/bin/python3", "-P", "-m", "pyhelpers.deploy"),
        *("run", "api", "v2", "--expect", "abc"),
        *("--host", "a6", "--json", "--steps"),
    ]
