"""What a person sees: a line when a step begins, a line when it ends, and nothing twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyhelpers import console
from pyhelpers.deploy.model import Step, StepName
from pyhelpers.errors import PreflightError

if TYPE_CHECKING:
    import pytest

STEP = Step(StepName.START, "api-green: 1 × v2")
PROBLEM = PreflightError(error="disk full", try_="docker system df")


def test_plain_steps_are_lines_for_logs(capsys: pytest.CaptureFixture[str]) -> None:
    view = console.PlainSteps()
    view.begin(STEP)
    view.note("layer 1")
    view.note("layer 1")
    view.end(STEP, 1.234)
    view.close()
    assert capsys.readouterr().out.splitlines() == [
        "→ start idle     api-green: 1 × v2",
        "                 layer 1",
        "✓ start idle     1.23 s",
    ]


def test_every_view_announces_what_goes_where(capsys: pytest.CaptureFixture[str]) -> None:
    for view in (console.PlainSteps(), console.LiveSteps()):
        view.announce("api: deploy v2, blue → green", ["careful"])
        said = capsys.readouterr()
        assert said.out == "api: deploy v2, blue → green\n"
        assert said.err == "Warning: careful\n"


def test_a_failed_step_is_not_ticked(capsys: pytest.CaptureFixture[str]) -> None:
    view = console.PlainSteps()
    view.begin(STEP)
    view.fail(STEP, 0.5)
    assert capsys.readouterr().out.splitlines()[-1] == "✗ start idle     0.50 s"


def test_the_live_view_leaves_a_line_for_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    view = console.LiveSteps()
    view.begin(STEP)
    view.note("[red]not markup[/]")
    view.end(STEP, 1.234)
    view.begin(Step(StepName.BAKE, "watch [30] s"))
    view.fail(Step(StepName.BAKE, "watch [30] s"), 2.0)
    view.close()
    out = capsys.readouterr().out
    assert "✓ start idle       1.23 s  api-green: 1 × v2" in out
    assert "✗ bake             2.00 s  watch [30] s" in out


def test_under_json_steps_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    view = console.steps_view(json_wanted=True)
    view.begin(STEP)
    view.note("x")
    view.end(STEP, 1.0)
    view.fail(STEP, 1.0)
    view.close()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_without_a_terminal_the_steps_are_plain() -> None:
    assert isinstance(console.steps_view(json_wanted=False), console.PlainSteps)


def test_a_failure_is_three_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console.fail(PROBLEM, json_wanted=False)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "Error: disk full",
        "State: nothing was changed",
        "Try: docker system df",
    ]


def test_under_json_a_failure_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    console.fail(PROBLEM, json_wanted=True)
    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out) == {
        "error": "disk full",
        "state": "nothing was changed",
        "try": "docker system df",
        "exit_code": 4,
    }


def test_a_table_is_aligned_and_has_no_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("", "service"), [(1, "api"), (10, "ai-worker")])
    assert capsys.readouterr().out.splitlines() == ["    service", "1   api", "10  ai-worker"]


def test_an_empty_table_is_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_json_keeps_what_people_write(capsys: pytest.CaptureFixture[str]) -> None:
    console.as_json({"who": "안나"})
    assert "안나" in capsys.readouterr().out


def test_a_warning_does_not_disturb_the_object_on_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.warn("careful")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Warning: careful\n")
