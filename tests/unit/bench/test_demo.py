"""What the demo says of requests that were lost."""

from __future__ import annotations

from bench.demo import ACTS, Scene, _why
from bench.load.events import Event, Failure

ROLLBACK = Scene(ACTS[-1], began_s=100.0, ended_s=110.0, code=0, record={})


def request(
    at_s: float,
    failure: Failure | None = None,
    status: int | None = None,
    colour: str | None = None,
) -> Event:
    return Event("get", at_s, at_s, at_s + 0.1, status=status, colour=colour, failure=failure)


def test_nothing_lost_needs_no_word() -> None:
    assert _why([ROLLBACK], [request(101, status=200, colour="blue")]) == []


def test_what_was_lost_is_told_by_its_fate_the_most_frequent_first() -> None:
    events = [
        request(101, "timeout"),
        request(102, "http_5xx", 502, "blue"),
        request(103, "http_5xx", 502, "blue"),
        request(99, "refused"),
    ]
    assert _why([ROLLBACK], events) == ["rollback: 2 × http_5xx 502 from blue, 1 × timeout"]
