"""What is shown of a step, and kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pyhelpers.steps import timed


@dataclass(frozen=True)
class Step:
    name: str


@dataclass
class Shown:
    lines: list[str] = field(default_factory=list)

    def begin(self, step: Step) -> None:
        self.lines.append(f"→ {step.name}")

    def end(self, step: Step, seconds: float) -> None:
        self.lines.append(f"✓ {step.name} {seconds}")

    def fail(self, step: Step, seconds: float) -> None:
        self.lines.append(f"✗ {step.name} {seconds}")


def test_one_that_ends_well_is_kept_with_its_seconds() -> None:
    shown, seconds = Shown(), dict[str, float]()
    with timed(shown, Step("flip"), seconds, iter((10.0, 10.25)).__next__):
        shown.lines.append("at work")
    assert shown.lines == ["→ flip", "at work", "✓ flip 0.25"]
    assert seconds == {"flip": 0.25}


@pytest.mark.parametrize("problem", [ValueError(), KeyboardInterrupt()], ids=repr)
def test_one_that_fails_is_shown_and_not_kept(problem: BaseException) -> None:
    shown, seconds = Shown(), dict[str, float]()
    with (
        pytest.raises(type(problem)),
        timed(shown, Step("flip"), seconds, iter((10.0, 12.0)).__next__),
    ):
        raise problem
    assert shown.lines == ["→ flip", "✗ flip 2.0"]
    assert seconds == {}
