"""`script/bench deploy`: what users notice of deploys, and what a deploy costs who types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import recreate, series, timing
from bench.output import Figure, note

if TYPE_CHECKING:
    from bench.output import Value

FIGURES = (
    Figure("requests", "requests while 12 deploys, a refusal and a flip-back went on"),
    Figure("failed", "of them failed, version 4's own 500s before its flip left out", most=0),
    Figure("doubled", "POSTs that were stored more than once", most=0),
    Figure("lost", "POSTs that were confirmed and are not stored", most=0),
    Figure("late_old", "sent > 20 ms after a switch, answered by the colour left", most=0),
    Figure("switch_s_max", "the slowest switch: the rename and nothing else", most=0.02),
    Figure("refused_failed", "failed while version 3 was refused", most=0),
    Figure("flipback_failed_after", "failed of those sent after version 4's flip-back", most=0),
    Figure("flipback_s", "from the bake's limit passed to the flip", most=2.0),
    Figure("v4_own_500s", "version 4's own errors before its flip"),
    Figure("ws_held", "WebSockets and streams open at the first switch"),
    Figure("ws_cut_early", f"of them cut before drain_s = {series.DRAIN_S:g} s", most=0),
    Figure("ws_lived_s_min", "seconds that the first to be cut lived on", least=series.DRAIN_S),
    Figure("steady_p50_ms", "median latency while nothing is deployed"),
    Figure("steady_p99_ms", "99th percentile while nothing is deployed"),
    Figure("deploying_p50_ms", "median latency while a deploy goes on"),
    Figure("deploying_p99_ms", "99th percentile while a deploy goes on"),
    Figure("recreate_requests", "the same load while `docker compose up -d` recreates, once"),
    Figure("recreate_failed", "lost when `docker compose up -d` recreates the container"),
    Figure("recreate_window_s", "from the first of these to the last"),
    Figure("recreate_s", "that command's own time"),
    Figure("rollback_warm_s", "warm rollback, typed → all answers old; median", most=0.8),
    Figure("rollback_warm_s_max", "the slowest of them"),
    Figure("now_s", "`rollback --now` in a bake, typed → all answers old; median", most=1.0),
    Figure("now_failed", "failed during these, 100 requests/s", most=0),
    Figure("rollback_failed", "failed during the warm rollbacks, 100 requests/s", most=0),
    Figure("deploy_total_s", "a whole deploy, app ready in 1.0 s, no bake, no drain", most=2.5),
    Figure("deploy_total_s_min", "the fastest of them"),
    Figure("deploy_total_s_max", "the slowest of them"),
    Figure("help_s", "`python -m pyhelpers.deploy --help`, median", most=0.2),
    Figure("plan_s", "`protostar deploy plan`, median", most=1.0),
    Figure("rss_mb", "peak memory of the deployer and its guard", most=80),
    Figure("rss_all_mb", "with the engine's clients that they run, shared pages twice"),
)


def measure(rounds: int | None) -> dict[str, Value]:
    """`rounds`: how many good deploys in a row."""
    # First what is timed by itself, while nothing else runs.
    note("whole commands")
    found: dict[str, Value] = {**timing.commands()}
    note("warm rollbacks")
    found |= timing.rollback()
    note("rollbacks out of a bake")
    found |= timing.now()
    note("docker compose up -d under load")
    found |= recreate.measure()
    note("deploys under load")
    played = series.play(rounds or series.DEPLOYS)
    return {**found, **series.figures(played), **memory(played)}


def memory(played: series.Series) -> dict[str, float]:
    """The highest of all deploys under load, where the bake reads the gateway's log."""
    seen = [act.ran.peaks for act in (*played.done, played.refused, played.flipped)]
    return {
        "rss_mb": max(m.deployer_mb for m in seen),
        "rss_all_mb": max(m.all_mb for m in seen),
    }
