"""What must stand after a kill."""

from __future__ import annotations

import pytest

from bench.settling import Look, expected, last_begun, settled_after_s

STEPS = ["start idle", "wait ready", "switch", "verify", "commit", "drain", "stop old", "record"]


def test_the_last_step_that_has_begun() -> None:
    said = [
        "api: deploy v2",
        "→ start idle     api-green",
        "✓ start idle 0.3 s",
        "→ switch  rename",
    ]
    assert last_begun(STEPS, said) == "switch"


def test_before_the_first_step_none_has_begun() -> None:
    assert last_begun(STEPS, ["api: deploy v2"]) == ""


@pytest.mark.parametrize("begun", ["", "start idle", "switch", "verify"])
def test_before_the_commit_the_old_colour_serves(begun: str) -> None:
    assert expected(STEPS, begun, "flipped_back") == "old"


@pytest.mark.parametrize("begun", ["drain", "stop old", "record"])
def test_after_the_commit_the_new_colour_serves(begun: str) -> None:
    assert expected(STEPS, begun, "done") == "new"


@pytest.mark.parametrize(("outcome", "right"), [("done", "new"), ("flipped_back", "old")])
def test_in_the_commit_it_is_what_the_record_says(outcome: str, right: str) -> None:
    assert expected(STEPS, "commit", outcome) == right


def test_it_is_settled_after_the_last_wrong_look() -> None:
    looks = [Look(10, "blue"), Look(11, "green"), Look(12, "blue"), Look(13, "blue")]
    assert settled_after_s(looks, "blue", killed_s=9.5) == 1.5


def test_what_was_never_wrong_is_settled_at_once() -> None:
    assert settled_after_s([Look(10, "blue")], "blue", killed_s=9.5) == 0
