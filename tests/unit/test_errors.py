"""An error is three lines for a person, one object for a program, and one exit code."""

from __future__ import annotations

import pytest

from pyhelpers import errors
from pyhelpers.errors import Exit, ProtostarError

FIXED: dict[type[ProtostarError], int] = {
    errors.WrongUsage: 2,
    errors.ConfigurationError: 3,
    errors.PreflightError: 4,
    errors.Unreachable: 4,
    errors.LockedError: 5,
    errors.FailedBeforeSwitch: 6,
    errors.FailedAfterSwitch: 7,
    errors.Interrupted: 130,
}


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "DONE": 0,
        "UNEXPECTED": 1,
        "USAGE": 2,
        "CONFIGURATION": 3,
        "PREFLIGHT": 4,
        "LOCKED": 5,
        "FAILED_BEFORE_SWITCH": 6,
        "FAILED_AFTER_SWITCH": 7,
        "INTERRUPTED": 130,
    }


def test_three_lines() -> None:
    error = ProtostarError(error="it broke", state="blue serves", try_="protostar status")
    assert str(error) == "Error: it broke\nState: blue serves\nTry: protostar status"


def test_an_empty_line_is_left_out() -> None:
    assert str(ProtostarError(error="it broke")) == "Error: it broke"


def test_what_spans_lines_stays_in_its_place() -> None:
    error = ProtostarError(error="a\nb", try_="c")
    assert str(error) == "Error: a\n       b\nTry: c"


def test_one_object_with_a_plain_number() -> None:
    told = errors.LockedError(error="held", state="ann deploys", try_="wait").as_dict()
    assert told == {"error": "held", "state": "ann deploys", "try": "wait", "exit_code": 5}
    assert type(told["exit_code"]) is int


@pytest.mark.parametrize("kind", FIXED, ids=lambda kind: kind.__name__)
def test_each_kind_has_its_exit_code(kind: type[ProtostarError]) -> None:
    assert kind(error="x").exit_code == FIXED[kind]


@pytest.mark.parametrize(
    "kind",
    [errors.WrongUsage, errors.ConfigurationError, errors.PreflightError, errors.Unreachable],
)
def test_what_fails_before_anything_says_that_nothing_changed(kind: type[ProtostarError]) -> None:
    assert kind(error="x").state == "nothing was changed"
    assert kind(error="x", state="").state == ""


@pytest.mark.parametrize("kind", [errors.FailedBeforeSwitch, errors.FailedAfterSwitch])
def test_what_can_fail_midway_claims_nothing(kind: type[ProtostarError]) -> None:
    assert kind(error="x").state == ""
