"""What came of deploys under load: whose failures count, and what is late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.load import Held, Result
from bench.load.report import Cost, summarise
from bench.output import BenchError
from bench.series import DRAIN_S, Series, figures, late, limit_passed_s, own_errors
from tests.unit.bench.events import act, error, event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load import Event

# blue → green at 110, green → blue at 120, version 3 at 130, version 4 on green from 141 to 143.
DONE = [
    act("blue", 109, 115, switched_at=110.0, switch_s=0.001),
    act("green", 119, 125, switched_at=120.0, switch_s=0.002),
]
REFUSED = act("blue", 129, 135)
FLIPPED = act("blue", 139, 145, colour="green", flipped_at=143.0, release={"id": "r4"})
HELD = [Held("ws", opened_s=100.0, cut_s=110.0 + DRAIN_S)]


def series(events: Sequence[Event], held: Sequence[Held] = HELD, stored: str = "") -> Series:
    report = summarise(events, held, (100, 150), Cost(0, 0))
    return Series(DONE, REFUSED, FLIPPED, Result(report, list(events)), stored.split("|"))


def test_the_colour_that_was_left_must_not_answer_any_more() -> None:
    before, at_once, after = event(109.9), event(110.01), event(110.03)
    assert late([before, at_once, after], series([])) == [after]


def test_after_the_next_switch_that_colour_is_right_again() -> None:
    assert late([event(120.5, "blue")], series([])) == []
    assert late([event(120.5, "green")], series([])) == [event(120.5, "green")]


def test_a_flip_back_is_a_switch_too() -> None:
    assert late([event(143.5, "green", "r4")], series([])) == [event(143.5, "green", "r4")]


def test_version_4s_500s_before_its_flip_are_its_own() -> None:
    own, after = error(142, "green", "r4"), error(143.1, "green", "r4")
    others = error(142, "blue", "r1")
    assert own_errors([own, after, others], FLIPPED) == [own]
    told = figures(series([own, after, others, *bad_answers()]))
    assert told["failed"] == 2
    assert told["flipback_failed_after"] == 1


def bad_answers() -> list[Event]:
    return [error(141 + i / 10, "green", "r4") for i in range(5)]


def test_the_limit_is_passed_by_the_fifth_error_of_more_than_1_percent() -> None:
    good = [event(141 + i / 1000, "green", "r4") for i in range(20)]
    fifth = sorted(bad_answers(), key=lambda e: e.finished_s)[4]
    assert limit_passed_s([*good, *bad_answers()], FLIPPED) == fifth.finished_s


def test_few_errors_among_many_answers_pass_no_limit() -> None:
    good = [event(140 + i / 1000, "green", "r4") for i in range(600)]
    with pytest.raises(BenchError, match="never passed"):
        limit_passed_s([*good, *bad_answers()], FLIPPED)


def test_a_failure_while_version_3_is_refused_is_counted_there_too() -> None:
    told = figures(series([error(131, "blue", "r1"), *bad_answers()]))
    assert (told["refused_failed"], told["failed"]) == (1, 1)


def test_the_slowest_switch_is_told() -> None:
    assert figures(series(bad_answers()))["switch_s_max"] == 0.002


def test_a_websocket_that_was_cut_before_drain_s_is_counted() -> None:
    early = Held("ws", opened_s=100.0, cut_s=110.0 + DRAIN_S - 1)
    told = figures(series(bad_answers(), [*HELD, early]))
    assert (told["ws_held"], told["ws_cut_early"], told["ws_lived_s_min"]) == (2, 1, DRAIN_S - 1)


def test_without_an_open_websocket_there_is_nothing_to_tell() -> None:
    with pytest.raises(BenchError, match="0 of 1"):
        figures(series(bad_answers(), [Held("ws", opened_s=None)]))


def test_latency_is_told_apart_while_a_deploy_goes_on() -> None:
    calm = [event(100 + i / 100) for i in range(100)]
    busy = [event(112 + i / 100, "green", finished_s=112.05 + i / 100) for i in range(100)]
    told = figures(series([*calm, *busy, *bad_answers()]))
    assert (round(told["steady_p50_ms"]), round(told["deploying_p50_ms"])) == (5, 50)
