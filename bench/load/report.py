"""What a run came to: one object, pure arithmetic over its events."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .events import FAST_KINDS, Event, Held

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the intended start to the end of the answer; 0 when there was none."""

    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True)
class Cost:
    """The generator itself: how late it was at worst, and the share of one core it used."""

    max_lag_s: float
    cpu_percent: float


@dataclass(frozen=True)
class Report:
    """`requests` are GETs, POSTs, slow ones, uploads, and attempts to open what is held.

    A WebSocket or stream that was cut is no failed request: see `held`. `latency_ms` covers the
    fast kinds (get, post) that were answered at all, with whatever status. `acknowledged` and
    `unacknowledged` are the ids of the orders that got a right answer, and of those that did not.
    """

    started_s: float
    finished_s: float
    requests: int
    failed: int
    requests_per_s: float
    reused: int
    by_kind: dict[str, int]
    by_status: dict[str, int]
    by_colour: dict[str, int]
    by_release: dict[str, int]
    failed_by: dict[str, int]
    latency_ms: Latency
    cost: Cost
    acknowledged: list[str]
    unacknowledged: list[str]
    held: list[Held]


def summarise(
    events: Sequence[Event], held: Sequence[Held], span: tuple[float, float], cost: Cost
) -> Report:
    """Count a whole run. `span` is when arrivals began and when the last answer was in."""
    orders = [e for e in events if e.order is not None]
    started_s, finished_s = span
    return Report(
        started_s=started_s,
        finished_s=finished_s,
        requests=len(events),
        failed=sum(e.failure is not None for e in events),
        requests_per_s=round(_per_s(events), 2),
        reused=sum(e.reused for e in events),
        by_kind=_counts(e.kind for e in events),
        by_status=_counts(e.status for e in events),
        by_colour=_counts(e.colour for e in events),
        by_release=_counts(e.release for e in events),
        failed_by=_counts(e.failure for e in events if e.failure is not None),
        latency_ms=_latency(events),
        cost=cost,
        acknowledged=[str(e.order) for e in orders if e.failure is None],
        unacknowledged=[str(e.order) for e in orders if e.failure is not None],
        held=list(held),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was really measured. 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def write_report(report: Report, path: Path) -> None:
    path.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")


def read_report(path: Path) -> Report:
    """A report that `--json` wrote."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["latency_ms"] = Latency(**raw["latency_ms"])
    raw["cost"] = Cost(**raw["cost"])
    raw["held"] = [Held(**one) for one in raw["held"]]
    return Report(**raw)


def _latency(events: Sequence[Event]) -> Latency:
    answered = [e for e in events if e.kind in FAST_KINDS and e.status is not None]
    ms = [e.latency_s * 1000 for e in answered]
    ranks = (percentile(ms, share) for share in (0.5, 0.95, 0.99, 1.0))
    return Latency(*(round(value, 2) for value in ranks))


def _per_s(events: Sequence[Event]) -> float:
    """Over the time in which requests left; the wait for the last answers is not part of it."""
    if len(events) < 2:  # noqa: PLR2004 - a rate needs two moments
        return 0.0
    moments = [e.intended_s for e in events]
    return (len(events) - 1) / max(max(moments) - min(moments), 0.001)


def _counts(values: Iterable[str | int | None]) -> dict[str, int]:
    """Largest first. None counts as "none"."""
    counted = Counter("none" if value is None else str(value) for value in values)
    return dict(counted.most_common())
