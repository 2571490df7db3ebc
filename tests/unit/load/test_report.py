"""What a run comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.load.events import Event, Failure, Held, Kind, from_lines, to_line
from bench.load.report import Cost, Report, percentile, read_report, summarise, write_report

if TYPE_CHECKING:
    from pathlib import Path

COST = Cost(0.002, 15.5)


def event(at_s: float, kind: Kind = "get", took_s: float = 0.01, **more: object) -> Event:
    values = {"status": 200, "colour": "blue", "release": "r1"} | more
    return Event(kind, at_s, at_s + 0.001, at_s + took_s, **values)  # type: ignore[arg-type] # by name


def report(*events: Event, held: tuple[Held, ...] = ()) -> Report:
    return summarise(events, held, (0, 10), COST)


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


def test_a_percentile_of_nothing_is_0() -> None:
    assert percentile([], 0.99) == 0


def test_latency_counts_from_the_intended_start() -> None:
    late = Event("get", intended_s=0, started_s=2, finished_s=2.01, status=200)
    assert report(late).latency_ms.max == pytest.approx(2010)


def test_latency_leaves_out_slow_kinds_and_what_was_never_answered() -> None:
    refused = event(1, took_s=9, status=None, failure="refused")
    assert (
        report(event(0), event(1, "slow", 3), event(1, "upload", 3), refused).latency_ms.max == 10
    )


def test_failures_are_counted_by_kind_and_others_by_what_they_said() -> None:
    kinds: list[Failure] = ["http_5xx", "http_5xx", "timeout"]
    failed = [event(1, status=500, failure=kind) for kind in kinds]
    found = report(event(0, colour="green"), *failed)
    assert (found.requests, found.failed) == (4, 3)
    assert found.failed_by == {"http_5xx": 2, "timeout": 1}
    assert found.by_colour == {"blue": 3, "green": 1}
    assert found.by_status == {"500": 3, "200": 1}


def test_an_order_is_acknowledged_only_by_a_right_answer() -> None:
    cut = event(1, "post", status=201, failure="disconnected", order="cut")
    found = report(event(0, "post", order="kept"), cut)
    assert (found.acknowledged, found.unacknowledged) == (["kept"], ["cut"])


def test_the_rate_is_that_of_the_departures() -> None:
    assert report(*(event(n / 50, took_s=5) for n in range(101))).requests_per_s == 50


def test_a_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    held = (Held("ws", 1.0, 2.0, 1001, "blue", "r1", 7, "going away"),)
    written = report(event(0), event(1, "post", order="a"), held=held)
    write_report(written, tmp_path / "r.json")
    assert read_report(tmp_path / "r.json") == written


def test_an_event_is_read_back_as_it_was_written() -> None:
    events = [event(0), event(1, status=None, failure="other", detail="Ende: 끝\n", reused=True)]
    lines = [to_line(e) for e in events]
    assert all(line.count("\n") == 1 for line in lines)
    assert from_lines(lines) == events
