"""Is the new colour worse than it may be? Counts in, a word out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from pyhelpers.config.proof import Bake

SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests answered (or jobs done) and how many of them failed."""

    total: int = 0
    failed: int = 0

    @property
    def percent(self) -> float:
        return 100.0 * self.failed / self.total if self.total else 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.total + other.total, self.failed + other.failed)

    def __sub__(self, other: Tally) -> Tally:
        return Tally(self.total - other.total, self.failed - other.failed)


def tally(lines: Iterable[Mapping[str, Any]], service: str, colour: str) -> Tally:
    """Counts the gateway's log lines of one service and colour; 5xx is a failure."""
    total = failed = 0
    for line in lines:
        if line.get("service") == service and line.get("colour") == colour:
            total += 1
            failed += int(line.get("status", 0)) >= SERVER_ERROR
    return Tally(total, failed)


def beyond(new: Tally, bake: Bake) -> bool:
    """More than allowed; whether the old colour was as bad is asked only then."""
    return new.failed >= bake.min_errors and new.percent > bake.max_5xx_percent


def worse(new: Tally, old: Tally, bake: Bake) -> bool:
    """Beyond the limit, and not merely as bad as the old colour was before."""
    return beyond(new, bake) and new.percent > old.percent


def said(new: Tally, bake: Bake, trouble: str = "") -> str:
    """The verdict after the whole bake: too little traffic is no verdict, and is said so.

    `trouble`: why the gateway's log could not be read to the end.
    """
    if trouble:
        return f"no verdict: the gateway's log could not be read ({trouble})"
    if new.total < bake.min_requests:
        return f"no verdict: {new.total} requests, {bake.min_requests} are needed"
    if beyond(new, bake):
        return f"no worse than before: {new.failed} of {new.total} failed"
    return f"good: {new.failed} of {new.total} failed"
