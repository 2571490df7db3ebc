"""Waiting with one deadline."""

from __future__ import annotations

from itertools import count

import pytest

from pyhelpers.deploy.polling import NotInTime, poll
from tests.unit.deploy.doubles import StoppedClock


def test_what_is_true_at_once_is_not_waited_for() -> None:
    clock = StoppedClock()
    assert poll(lambda: 7, bool, every_s=1, deadline_s=10, clock=clock) == 7
    assert clock.now == 1000


def test_it_looks_until_it_is_true() -> None:
    numbers, clock = count(1), StoppedClock()
    assert poll(lambda: next(numbers), lambda n: n == 4, every_s=1, deadline_s=9, clock=clock) == 4
    assert clock.now == 1003


def test_at_the_deadline_it_gives_up_with_the_last_value() -> None:
    numbers, clock = count(1), StoppedClock()
    with pytest.raises(NotInTime) as late:
        poll(lambda: next(numbers), lambda _: False, every_s=2, deadline_s=5, clock=clock)
    assert late.value.last == 4
    assert clock.now == 1006


def test_it_looks_at_least_once() -> None:
    with pytest.raises(NotInTime):
        poll(lambda: 0, bool, every_s=1, deadline_s=0, clock=StoppedClock())
    assert poll(lambda: 1, bool, every_s=1, deadline_s=0, clock=StoppedClock()) == 1


def test_what_a_look_raises_passes_through_at_once() -> None:
    looks = count(1)

    def look() -> int:
        if next(looks) == 2:
            raise KeyError("gone")
        return 0

    with pytest.raises(KeyError, match="gone"):
        poll(look, bool, every_s=1, deadline_s=60, clock=StoppedClock())


def test_real_time_passes_without_a_clock_of_ones_own() -> None:
    numbers = count(1)
    assert poll(lambda: next(numbers), lambda n: n == 3, every_s=0.001, deadline_s=5) == 3
