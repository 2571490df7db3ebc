"""When the last answer of the colour that a rollback leaves came."""

from __future__ import annotations

import pytest

from bench.output import BenchError
from bench.timing import last_answer_s
from tests.unit.bench.events import event, ran

ROLLBACK = ran(100, 100.6)


def test_it_counts_from_the_start_of_the_command_to_the_end_of_the_last_answer() -> None:
    events = [event(100.2, "green"), event(100.4, "green"), event(100.7, "blue")]
    assert round(last_answer_s(events, "green", ROLLBACK), 3) == 0.405


def test_another_rollbacks_answers_are_not_looked_at() -> None:
    events = [event(100.4, "green"), event(100.9, "blue"), event(101.2, "green")]
    assert round(last_answer_s(events, "green", ROLLBACK), 3) == 0.405


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_a_rollback_that_moved_nothing_is_no_figure(colour: str) -> None:
    with pytest.raises(BenchError, match="away from green"):
        last_answer_s([event(100.4, colour), event(100.9, colour)], "green", ROLLBACK)
