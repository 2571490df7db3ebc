"""Questions that a deploy must answer, asked of the events. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .events import Event
    from .report import Report

GRACE_S = 0.02


@dataclass
class Second:
    """What was sent in one second. `colours` counts whole and right answers by colour."""

    at_s: int
    requests: int = 0
    failed: int = 0
    colours: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class StoreCheck:
    """The orders of one run against the store. `lost` and `doubled` must be empty.

    `unheard` are stored though nobody was told so: allowed, the client would ask again.
    """

    lost: list[str]
    doubled: list[str]
    unheard: list[str]


def late_old(
    events: Iterable[Event], switch_at_s: float, old_colour: str, grace_s: float = GRACE_S
) -> list[Event]:
    """Requests written more than `grace_s` after the switch and answered by the old colour."""
    after_s = switch_at_s + grace_s
    return [e for e in events if e.started_s > after_s and e.colour == old_colour]


def failed_after(events: Iterable[Event], at_s: float) -> list[Event]:
    """Requests that were written after `at_s` and failed."""
    return [e for e in events if e.failure is not None and e.started_s > at_s]


def timeline(events: Sequence[Event]) -> list[Second]:
    """One entry for each second from the first request to the last, quiet ones too."""
    if not events:
        return []
    at = [int(e.started_s) for e in events]
    seconds = {second: Second(second) for second in range(min(at), max(at) + 1)}
    for event in events:
        _count(seconds[int(event.started_s)], event)
    return list(seconds.values())


def check_store(lines: Iterable[str], report: Report) -> StoreCheck:
    """Compare a store ("id release" a line; other runs' ids are ignored) with a report."""
    stored = Counter(line.split(" ", 1)[0].strip() for line in lines)
    asked = [*report.acknowledged, *report.unacknowledged]
    return StoreCheck(
        lost=[order for order in report.acknowledged if not stored[order]],
        doubled=[order for order in asked if stored[order] > 1],
        unheard=[order for order in report.unacknowledged if stored[order]],
    )


def _count(second: Second, event: Event) -> None:
    second.requests += 1
    if event.failure is not None:
        second.failed += 1
    else:
        second.colours[event.colour or "unknown"] += 1
