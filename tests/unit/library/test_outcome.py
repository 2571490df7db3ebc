"""What came of a command, in three lines, in the log and on the page."""

from __future__ import annotations

from typing import Any

import pytest

from pyhelpers.library import page
from pyhelpers.library.outcome import Outcome, lines, more, three_lines, trouble, unverified

PLAN = {
    "service": "api",
    "action": "deploy",
    "release": "7f32b4a7e390",
    "label": "v2",
    "live": "green",
    "idle": "blue",
    "steps": [{"name": "switch", "what": "rename the marker green → blue"}],
    "warnings": ["the live colour does not answer"],
    "nothing_to_do": False,
}
DONE = {**PLAN, "outcome": "done", "verdict": "good", "exit_code": 0}
ROW = {
    "service": "api",
    "host": "a5",
    "problem": None,
    "live": "blue",
    "release": "7f32b4a7e390",
    "label": "v2",
    "since": "2026-11-27T03:00:00Z",
    "answers": True,
    "holder": None,
}
REFUSED = {
    "error": "v4 is worse than it may be\nlast lines of its log",
    "state": "api-green serves",
    "try": "protostar deploy history api",
    "exit_code": 7,
}


def outcome(name: str, result: Any, exit_code: int = 0) -> Outcome:
    return Outcome(name, f"protostar {name}", exit_code, 1.25, result)


def test_an_error_is_three_lines_and_its_log_stands_above_them() -> None:
    told = trouble(outcome("deploy", REFUSED, 7))
    assert three_lines(told) == (
        "v4 is worse than it may be\nState: api-green serves\nTry: protostar deploy history api"
    )
    assert more(told) == ["last lines of its log"]


def test_of_several_hosts_the_first_that_failed_speaks() -> None:
    rows = [
        {"host": "a5", "outcome": "done", "label": "v4", "result": {}},
        {"host": "a6", "outcome": "failed", "label": "v3", "result": REFUSED},
    ]
    told = trouble(outcome("deploy", {"service": "api", "hosts": rows}, 7))
    assert three_lines(told).startswith("a6: v4 is worse than it may be\nState: a5: v4, a6: v3\n")


def test_a_host_that_was_not_read_is_named() -> None:
    told = trouble(outcome("status", [ROW, {**ROW, "host": "a6", "problem": "no route"}], 4))
    assert three_lines(told) == (
        "a6: no route\nState: nothing was changed\nTry: protostar deploy doctor a6"
    )


def test_what_ended_in_silence_is_not_a_success() -> None:
    assert three_lines(trouble(outcome("deploy", {}, 1))) == (
        "it ended without saying why\nState: see above"
    )


@pytest.mark.parametrize(
    ("wanted", "rows", "why"),
    [
        (DONE, [ROW], ""),
        (DONE, [{**ROW, "release": "other", "label": "v1"}], "a5 serves v1 and not v2"),
        (DONE, [{**ROW, "answers": False}], "a5: blue does not answer"),
        ({"hosts": [{"host": "a6", "release": "x", "label": "v2"}]}, [ROW], ""),
    ],
)
def test_what_serves_must_be_what_was_deployed(wanted: Any, rows: Any, why: str) -> None:
    assert unverified(wanted, rows) == why


def test_the_log_shows_the_plan() -> None:
    assert list(lines(outcome("plan", PLAN))) == [
        "deploy v2 (release 7f32b4a7e390), green → blue",
        "Warning: the live colour does not answer",
        "  switch         rename the marker green → blue",
    ]


def test_the_log_shows_what_serves_and_who_is_at_work() -> None:
    row = {**ROW, "since": "03:00", "holder": {"who": "kim@laptop"}}
    assert list(lines(outcome("status", [row]))) == [
        "api on a5: v2 (release 7f32b4a7e390) on blue since 03:00, kim@laptop is at work"
    ]


def test_the_page_says_what_serves_after_all_is_done() -> None:
    told = [outcome("plan", PLAN), outcome("deploy", DONE), outcome("verify", [ROW])]
    assert page.description(told, "https://g.lan/d?a=1&b=2") == (
        "api: v2 (release 7f32b4a7e390) serves on blue, bake: good<br>"
        '<a href="https://g.lan/d?a=1&amp;b=2">dashboard</a>'
    )


def test_the_page_says_what_failed() -> None:
    assert page.description([outcome("deploy", REFUSED, 7)], "") == (
        "deploy: v4 is worse than it may be (api-green serves)"
    )


def test_nothing_of_a_result_becomes_markup() -> None:
    hostile = {**REFUSED, "error": "<script>alert(1)</script>"}
    told = [outcome("deploy", hostile, 7)]
    build = {"job": "<b>", "number": "1", "causes": []}
    assert "<script" not in page.description(told, "")
    assert "<script" not in page.html("api", build, told)
    assert "&lt;b&gt;" in page.html("api", build, told)
