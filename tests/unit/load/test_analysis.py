"""The questions that a deploy must answer."""

from __future__ import annotations

from dataclasses import replace

from bench.load.analysis import check_store, failed_after, late_old, timeline
from bench.load.events import Event, Failure
from bench.load.report import Cost, summarise

SWITCH_S = 1000.0
COST = Cost(0, 0)


def event(started_s: float, colour: str | None = "blue", failure: Failure | None = None) -> Event:
    return Event("get", started_s, started_s, started_s + 3, 200, colour, "r1", failure)


class TestLateOld:
    def test_an_answer_of_the_old_colour_to_a_request_before_the_switch_is_right(self) -> None:
        assert late_old([event(SWITCH_S - 1)], SWITCH_S, "blue") == []

    def test_within_the_grace_the_request_may_have_arrived_before_the_switch(self) -> None:
        assert late_old([event(SWITCH_S + 0.019)], SWITCH_S, "blue") == []

    def test_after_the_grace_it_is_late(self) -> None:
        late = event(SWITCH_S + 0.021)
        assert late_old([late], SWITCH_S, "blue") == [late]

    def test_what_counts_is_when_it_was_written_not_when_it_was_due(self) -> None:
        waited = replace(event(SWITCH_S + 0.5), intended_s=SWITCH_S - 0.5)
        assert late_old([waited], SWITCH_S, "blue") == [waited]

    def test_the_new_colour_is_never_late(self) -> None:
        assert late_old([event(SWITCH_S + 5, "green")], SWITCH_S, "blue") == []

    def test_a_failure_without_a_colour_is_not_the_old_colours(self) -> None:
        assert late_old([event(SWITCH_S + 5, None, "refused")], SWITCH_S, "blue") == []


def test_failures_after_a_moment_are_those_of_requests_written_after_it() -> None:
    before, after = event(9, failure="http_5xx"), event(11, failure="http_5xx")
    assert before.finished_s > 10
    assert failed_after([before, after, event(12)], 10) == [after]


def test_the_timeline_counts_answers_by_colour_and_keeps_quiet_seconds() -> None:
    events = [event(5.1), event(5.9, "green"), event(7.5, None, "timeout"), event(7.6, None)]
    five, six, seven = timeline(events)
    assert (five.at_s, five.requests, five.failed) == (5, 2, 0)
    assert five.colours == {"blue": 1, "green": 1}
    assert (six.at_s, six.requests) == (6, 0)
    assert (seven.requests, seven.failed, seven.colours) == (2, 1, {"unknown": 1})


def test_the_timeline_of_nothing_is_empty() -> None:
    assert timeline([]) == []


def post(order: str, failure: Failure | None = None) -> Event:
    return Event("post", 0, 0, 1, order=order, failure=failure)


class TestStore:
    report = summarise([post("a"), post("b"), post("c", "timeout")], [], (0, 1), COST)

    def test_every_acknowledged_order_once_is_right(self) -> None:
        check = check_store(["a r1\n", "b r2\n"], self.report)
        assert (check.lost, check.doubled, check.unheard) == ([], [], [])

    def test_an_acknowledged_order_that_is_not_there_is_lost(self) -> None:
        assert check_store(["a r1\n"], self.report).lost == ["b"]

    def test_an_order_that_is_there_twice_is_doubled_acknowledged_or_not(self) -> None:
        lines = ["a r1\n", "a r2\n", "b r1\n", "c r1\n", "c r2\n"]
        assert check_store(lines, self.report).doubled == ["a", "c"]

    def test_a_stored_order_nobody_was_told_of_is_said_and_no_error(self) -> None:
        check = check_store(["a r1\n", "b r1\n", "c r1\n"], self.report)
        assert (check.lost, check.doubled, check.unheard) == ([], [], ["c"])

    def test_orders_of_other_runs_are_left_alone(self) -> None:
        lines = ["a r1\n", "b r1\n", "x r1\n", "x r1\n"]
        assert check_store(lines, self.report).doubled == []

    def test_the_start_of_an_id_is_not_the_id(self) -> None:
        assert check_store(["aa r1\n", "b r1\n"], self.report).lost == ["a"]
