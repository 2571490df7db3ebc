"""What `--json` prints is a contract; what a person reads fits a line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pyhelpers.deploy import report
from pyhelpers.deploy.model import Colour, StepName
from pyhelpers.deploy.run import Result
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import MemoryHost, run_of

PLAN = builders.plan(None, StepName.SWITCH, StepName.COMMIT, warnings=("careful",))

OF_A_PLAN = {
    *("service", "action", "release", "label", "live", "idle"),
    *("steps", "warnings", "nothing_to_do"),
}
OF_A_RESULT = OF_A_PLAN | {
    *("outcome", "exit_code", "id", "seconds", "switch_s", "switched_at"),
    *("verdict", "drain_s", "cut", "detached"),
}
OF_A_STATUS = {
    *(
        "service",
        "host",
        "problem",
        "live",
        "keep_warm",
        "markers",
        "release",
        "label",
        "since",
        "answers",
    ),
    *("colours", "holder", "unfinished", "schema_newer_than_code"),
}


def through_json(told: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(told))
    assert read == told
    return read


def done(**changes: Any) -> Result:
    fields = {
        "switched_at": 1795430400.5,
        "switch_s": 0.000104,
        "verdict": "good: 0 of 40 failed",
        "seconds": {"switch": 0.001},
        "drain_s": 7.8,
        "committed": True,
    }
    return Result(PLAN, "r2", run_of(MemoryHost(), PLAN, **{**fields, **changes}))


class TestThePlan:
    def test_it_has_exactly_these_keys(self) -> None:
        told = through_json(report.plan_as_dict(PLAN))
        assert set(told) == OF_A_PLAN
        assert told["steps"] == [{"name": "switch", "what": ""}, {"name": "commit", "what": ""}]
        assert (told["live"], told["idle"], told["warnings"]) == ("blue", "green", ["careful"])
        assert told["nothing_to_do"] is False

    def test_a_first_deploy_has_no_live_colour(self) -> None:
        assert through_json(report.plan_as_dict(builders.plan(live=None)))["live"] is None

    def test_without_steps_there_is_nothing_to_do(self) -> None:
        assert report.plan_as_dict(builders.plan())["nothing_to_do"] is True

    def test_its_headline_says_what_goes_where(self) -> None:
        assert report.headline(PLAN) == "api: deploy v2 (release v2), blue → green"
        first = builders.plan(live=None, idle=Colour.BLUE)
        assert report.headline(first).endswith("none → blue")


class TestTheResult:
    def test_it_has_exactly_these_keys(self) -> None:
        told = through_json(report.result_as_dict(done(detach=True, cut=2)))
        assert set(told) == OF_A_RESULT
        assert (told["outcome"], told["exit_code"], told["id"]) == ("done", 0, "r2")
        assert (told["drain_s"], told["cut"], told["detached"]) == (7.8, 2, True)

    def test_nothing_done_is_unchanged(self) -> None:
        told = through_json(report.result_as_dict(Result(builders.plan(), "", None)))
        assert set(told) == OF_A_PLAN | {"outcome", "exit_code"}
        assert (told["outcome"], told["exit_code"]) == ("unchanged", 0)

    @pytest.mark.parametrize(
        ("result", "line"),
        [
            pytest.param(
                Result(builders.plan(), "", None),
                "Nothing to do: api-blue serves v2 (release v2)",
                id="nothing to do",
            ),
            pytest.param(
                done(),
                "Done: api-green serves v2, switched in 0.1 ms, bake: good: 0 of 40 failed",
                id="done",
            ),
            pytest.param(
                done(verdict="", cut=3),
                "Done: api-green serves v2, switched in 0.1 ms, 3 cut after 7.8 s",
                id="some were cut",
            ),
            pytest.param(
                done(verdict="", cut=None, drain_s=0.0),
                "Done: api-green serves v2, switched in 0.1 ms, an unknown number cut after 0 s",
                id="nobody looked",
            ),
            pytest.param(
                done(verdict="", detach=True),
                "Done: api-green serves v2, switched in 0.1 ms, "
                "the host drains and stops the old colour",
                id="detached",
            ),
            pytest.param(
                done(switched_at=0.0),
                "Done: api-green was left over and is stopped",
                id="a left-over colour",
            ),
        ],
    )
    def test_the_last_line_of_a_run(self, result: Result, line: str) -> None:
        assert report.summary(result) == line


class TestTheStatus:
    def test_it_has_exactly_these_keys(self) -> None:
        told = through_json(report.status_as_dict("api", "a5", builders.facts()))
        assert set(told) == OF_A_STATUS
        assert (told["live"], told["release"], told["label"]) == ("blue", "v1", "v1")
        assert (told["since"], told["answers"]) == ("2026-11-23T10:01:00Z", True)
        assert (told["holder"], told["unfinished"]) == (None, None)

    def test_each_colours_containers_are_listed(self) -> None:
        told = report.status_as_dict(
            "api", "a5", builders.facts(green={"release": "v0", "running": False})
        )
        assert told["colours"] == {
            "blue": [
                {
                    "name": "api-blue-app-1",
                    "running": True,
                    "release": "v1",
                    "address": "172.18.0.11",
                }
            ],
            "green": [
                {
                    "name": "api-green-app-1",
                    "running": False,
                    "release": "v0",
                    "address": "172.18.0.21",
                }
            ],
        }

    def test_a_service_that_never_was_deployed(self) -> None:
        told = through_json(
            report.status_as_dict("api", "a5", builders.facts(live=None, blue=None, history=[]))
        )
        assert (told["live"], told["markers"], told["release"]) == (None, [], None)
        assert report.status_row(told) == ["api", "a5", "none", "-", "-", "-", "-", ""]

    def test_a_marker_that_the_history_does_not_know_has_no_release(self) -> None:
        told = report.status_as_dict("api", "a5", builders.facts(history=["deploy v1 green done"]))
        assert (told["live"], told["release"]) == ("blue", None)

    @pytest.mark.parametrize(
        ("facts", "note"),
        [
            ({}, ""),
            ({"holder": "ann@desk"}, "ann@desk is at: bake"),
            ({"holder": "ann@desk", "unfinished": ["green", "blue"]}, "ann@desk is at: bake"),
            ({"unfinished": ["green", "blue"]}, "unfinished switch: the next deploy flips it back"),
            ({"green": "v0"}, "the idle colour is left running: the same deploy again stops it"),
            ({"green": "v2", "holder": "ann@desk"}, "ann@desk is at: bake"),
            ({"live": None, "blue": "v1", "history": []}, ""),
            ({"answer": "nobody"}, "does not answer"),
            (
                {
                    "history": [
                        "deploy v1 blue done",
                        "deploy v2 green done hooks",
                        "rollback v1 blue done from v2",
                    ]
                },
                "old code on the newer schema of v2",
            ),
        ],
    )
    def test_what_is_unusual_is_noted(self, facts: dict[str, Any], note: str) -> None:
        row = report.status_row(report.status_as_dict("api", "a5", builders.facts(**facts)))
        assert row[-1] == note
        assert len(row) == len(report.STATUS_HEADINGS)

    def test_what_is_kept_warm_is_meant_to_run(self) -> None:
        told = report.status_as_dict("api", "a5", builders.facts(green="v0"), keep_warm=True)
        assert told["keep_warm"] is True
        assert report.status_row(told)[-1] == ""

    def test_both_markers_are_both_shown(self) -> None:
        told = report.status_as_dict("api", "a5", builders.facts(markers=["green", "blue"]))
        assert report.status_row(told)[2] == "blue+green"

    def test_a_row_counts_what_runs(self) -> None:
        facts = builders.facts(blue=["v1", "v1"], green={"release": "v0", "running": False})
        row = report.status_row(report.status_as_dict("api", "a5", facts))
        assert row[3] == "v1 (v1)"
        assert row[5:7] == ["2 running", "0 running"]


def test_a_record_is_a_row_with_all_its_seconds() -> None:
    record = replace(
        builders.record("deploy v2 green done"),
        steps={"start idle": 1.25, "verify": 0.25},
        drain_s=7.8,
        verdict="good: 0 of 40 failed",
    )
    row = report.record_row("a5", record)
    assert len(row) == len(report.HISTORY_HEADINGS)
    assert row[1:] == [
        *("a5", "deploy", "v2 (v2)", "green", "done", "ann@desk", "9.3", "good: 0 of 40 failed")
    ]
    assert report.record_row("a5", replace(record, reason="ended by bo"))[-1] == "ended by bo"
