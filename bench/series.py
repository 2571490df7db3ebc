"""Deploys in a row under load, then one that is refused and one that is flipped back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.load import Options, check_store, failed_after, late_old
from bench.load.events import FAST_KINDS
from bench.load.report import percentile
from bench.output import BenchError, note
from bench.stage import Ran, installation, run, still_loading, under_load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.installation import Installation
    from bench.load import Event, Held, Result

DEPLOYS = 12
DRAIN_S = 20.0
# What the bake allows; the flip-back is timed from the moment that these are passed.
MAX_5XX_PERCENT = 1.0
MIN_ERRORS = 5
SETTINGS: dict[str, Any] = {
    "drain_s": DRAIN_S,
    "bake": {"for_s": 2, "max_5xx_percent": MAX_5XX_PERCENT, "min_errors": MIN_ERRORS},
    "ready": {"timeout_s": 6},
}
LOAD: dict[str, float] = {"rate": 120, "slow_per_s": 2, "uploads_per_s": 1}
HELD = 4
# Under load before, between and after the deploys: the steady state that they are compared with.
CALM_S = 10.0
BETWEEN_S = 1.0
REFUSED, FLIPPED_BACK = 6, 7
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Act:
    """One command under load: the colour that served before it, and what came of it."""

    old: str
    ran: Ran

    @property
    def record(self) -> dict[str, Any]:
        return self.ran.record

    def during(self, events: Iterable[Event]) -> list[Event]:
        return [e for e in events if self.ran.began_s <= e.started_s < self.ran.ended_s]


@dataclass(frozen=True, slots=True)
class Series:
    """All of it: the deploys that were done, version 3, version 4, the load, what was stored."""

    done: Sequence[Act]
    refused: Act
    flipped: Act
    result: Result
    stored: Sequence[str]


def play(deploys: int) -> Series:
    """Versions 1 and 2 by turns, then 3 and 4. Each must end as it should, or it is no figure."""
    with installation(**SETTINGS) as (place, name):
        run(place, name, "run", "v1")
        options = Options(url=place.url, seconds=3600, websockets=HELD, streams=HELD, **LOAD)  # type: ignore[arg-type] # the counts are not in LOAD
        with under_load(options) as load:
            time.sleep(CALM_S)
            done = []
            for i in range(deploys):
                done.append(_act(place, name, f"v{2 - i % 2}", f"{i + 1} of {deploys}"))
                still_loading(load)
            refused = _act(place, name, "v3", "refused", REFUSED)
            still_loading(load)
            flipped = _act(place, name, "v4", "flipped back", FLIPPED_BACK)
            time.sleep(CALM_S)
            result = load.stop()
        return Series(done, refused, flipped, result, place.stored_orders(name))


def _act(place: Installation, name: str, version: str, what: str, expect: int = 0) -> Act:
    old = place.live(name)
    ran = run(place, name, "run", version, "--json", expect=expect)
    note(f"deploy of {version}, {what}: {ran.seconds:.1f} s")
    time.sleep(BETWEEN_S)
    return Act(old, ran)


# --- what came of it: pure ------------------------------------------------------------------------


def figures(series: Series) -> dict[str, float]:
    events, report = series.result.events, series.result.report
    own = own_errors(events, series.flipped)
    store = check_store(series.stored, report)
    flipped_at = _moment(series.flipped, "flipped_at")
    refused = [e for e in series.refused.during(events) if e.failure]
    return {
        "requests": len(events),
        "failed": sum(e.failure is not None for e in events) - len(own),
        "doubled": len(store.doubled),
        "lost": len(store.lost),
        "late_old": len(late(events, series)),
        "switch_s_max": max(float(act.record["switch_s"]) for act in series.done),
        "refused_failed": len(refused),
        "flipback_failed_after": len(failed_after(series.flipped.during(events), flipped_at)),
        "flipback_s": max(0.0, flipped_at - limit_passed_s(events, series.flipped)),
        "v4_own_500s": len(own),
        **_held(report.held, series.done[0]),
        **_latency(events, series),
    }


def own_errors(events: Iterable[Event], flipped: Act) -> list[Event]:
    """The 500s that the bad version gave to requests before the flip: what a bake costs."""
    release, until_s = flipped.record["release"]["id"], _moment(flipped, "flipped_at")
    return [
        e
        for e in events
        if e.status == SERVER_ERROR and e.release == release and e.started_s < until_s
    ]


def limit_passed_s(events: Iterable[Event], flipped: Act) -> float:
    """When the bad version's answers first were beyond what its bake allows, as a user saw them."""
    release = flipped.record["release"]["id"]
    answers = sorted((e for e in events if e.release == release), key=lambda e: e.finished_s)
    failed = 0
    for total, event in enumerate(answers, start=1):
        failed += event.status == SERVER_ERROR
        if failed >= MIN_ERRORS and 100 * failed > MAX_5XX_PERCENT * total:
            return event.finished_s
    raise BenchError("version 4 never passed the limit of its bake")


def late(events: Sequence[Event], series: Series) -> list[Event]:
    """Answers of the colour that was left, each switch judged until the next command began."""
    moves = [(_moment(act, "switched_at"), act.old) for act in series.done]
    moves.append((_moment(series.flipped, "flipped_at"), str(series.flipped.record["colour"])))
    nexts = [act.ran.began_s for act in (*series.done[1:], series.refused)]
    found: list[Event] = []
    for (at_s, left), until_s in zip(moves, [*nexts, float("inf")], strict=True):
        found += late_old([e for e in events if e.started_s < until_s], at_s, left)
    return found


def _moment(act: Act, key: str) -> float:
    if key not in act.record:
        raise BenchError(f"no {key} in the record of {act.record['release']['label']}")
    return float(act.record[key])


def _held(held: Sequence[Held], first: Act) -> dict[str, float]:
    """WebSockets and streams that were open at the first switch."""
    switched_s = _moment(first, "switched_at")
    open_then = [h for h in held if h.opened_s is not None and h.opened_s < switched_s]
    lived_s = [(h.cut_s or float("inf")) - switched_s for h in open_then]
    if len(open_then) != len(held) or not held:
        raise BenchError(f"{len(open_then)} of {len(held)} WebSockets and streams were open")
    return {
        "ws_held": len(open_then),
        "ws_cut_early": sum(lived < DRAIN_S for lived in lived_s),
        "ws_lived_s_min": min(lived_s),
    }


def _latency(events: Iterable[Event], series: Series) -> dict[str, float]:
    """Answers of the fast kinds, while a good deploy was going on and while none was."""
    spans = [(act.ran.began_s, act.ran.ended_s) for act in series.done]
    bad = [(act.ran.began_s, act.ran.ended_s) for act in (series.refused, series.flipped)]
    steady: list[float] = []
    deploying: list[float] = []
    for event in events:
        if event.kind not in FAST_KINDS or event.failure is not None or _within(event, bad):
            continue
        (deploying if _within(event, spans) else steady).append(event.latency_s * 1000)
    return {
        "steady_p50_ms": percentile(steady, 0.5),
        "steady_p99_ms": percentile(steady, 0.99),
        "deploying_p50_ms": percentile(deploying, 0.5),
        "deploying_p99_ms": percentile(deploying, 0.99),
    }


def _within(event: Event, spans: Iterable[tuple[float, float]]) -> bool:
    return any(began_s <= event.intended_s < ended_s for began_s, ended_s in spans)
