"""Events and acts as a load and a deploy would leave them."""

from __future__ import annotations

from typing import Any

from bench.load import Event
from bench.series import Act
from bench.stage import Ran
from bench.watching import Peaks


def event(at_s: float, colour: str = "blue", release: str = "r1", **more: Any) -> Event:
    """A GET that was answered 5 ms after it was sent, with 200 unless it failed."""
    given = {"status": 200, "finished_s": at_s + 0.005, **more}
    return Event("get", at_s, at_s, colour=colour, release=release, **given)


def error(at_s: float, colour: str, release: str) -> Event:
    return event(at_s, colour, release, status=500, failure="http_5xx")


def ran(began_s: float, ended_s: float, **record: Any) -> Ran:
    return Ran(0, "", began_s, ended_s, Peaks(50, 100, 9), record)


def act(old: str, began_s: float, ended_s: float, **record: Any) -> Act:
    return Act(old, ran(began_s, ended_s, **record))
