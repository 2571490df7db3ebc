"""Which failures are a bad version's own, and which are the deploy's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.killing import Bad

from .events import error, event

if TYPE_CHECKING:
    from bench.load import Event

BEGAN_S, FLIPPED_S = 100.0, 103.0
RECORD = {"release": {"id": "r4"}, "flipped_at": FLIPPED_S}
FLIPPED_BACK = Bad.of(RECORD, BEGAN_S)
NEVER_SWITCHED = Bad.of({"release": {"id": "r4"}}, BEGAN_S)


def test_its_500s_are_its_own_until_its_flip_back() -> None:
    assert FLIPPED_BACK.owns(error(102, "green", "r4"))
    assert not FLIPPED_BACK.owns(error(103.1, "green", "r4"))
    assert not FLIPPED_BACK.owns(error(99, "green", "r4"))


@pytest.mark.parametrize(
    "other",
    [error(102, "blue", "r1"), event(102, "green", "r4", status=502, failure="http_5xx")],
    ids=["of another release", "of the gateway"],
)
def test_no_other_failure_is(other: Event) -> None:
    assert not FLIPPED_BACK.owns(other)


def test_one_that_never_got_traffic_owns_none() -> None:
    assert not NEVER_SWITCHED.owns(error(100.5, "green", "r4"))
