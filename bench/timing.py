"""How long things take: a warm rollback, a whole deploy, `--help`, `plan`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from bench.engine import CHECKOUT
from bench.load import Options
from bench.output import BenchError, note
from bench.stage import Ran, installation, run, under_load
from bench.watching import lines_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.installation import Installation
    from bench.load import Event

ROLLBACKS, NOWS = 5, 3
# An answer every 10 ms. The load runs on the cores of what it measures: at twice as many it took
# 0.13 s of a rollback (measured).
PROBES_PER_S = 100.0
# After the command has ended: a late answer of the wrong colour would come in this time.
LOOK_ON_S = 0.5
# nginx finds a new colour after up to two seconds, as the moment falls: so many that the median
# stands still.
DEPLOYS = 15
HELPS = 10
PLANS = 5


# --- warm rollback --------------------------------------------------------------------------------


def rollback() -> dict[str, float]:
    """keep_warm: from the command's start to the last answer of the colour that is left."""
    with installation(keep_warm=True, drain_s=20, bake={"for_s": 0}) as (place, name):
        run(place, name, "run", "v1")
        options = Options(url=place.url, rate=PROBES_PER_S, posts=0, seconds=3600)
        with under_load(options) as load:
            moves = [_there_and_back(place, name) for _ in range(ROLLBACKS)]
            result = load.stop()
    taken_s = [last_answer_s(result.events, left, ran) for left, ran in moves]
    note(f"warm rollbacks: {', '.join(f'{s:.2f}' for s in taken_s)} s")
    return {
        "rollback_warm_s": statistics.median(taken_s),
        "rollback_warm_s_max": max(taken_s),
        "rollback_failed": result.report.failed,
    }


def _there_and_back(place: Installation, name: str) -> tuple[str, Ran]:
    run(place, name, "run", "v2")
    left = place.live(name)
    ran = run(place, name, "rollback")
    time.sleep(LOOK_ON_S)
    return left, ran


# --- out of a bake --------------------------------------------------------------------------------


def now() -> dict[str, float]:
    """`rollback --now` from a second terminal: from its start to the last answer of the new."""
    with installation(drain_s=0, bake={"for_s": 0}) as (place, name):
        run(place, name, "run", "v1")
        place.set(name, bake={"for_s": 60})
        options = Options(url=place.url, rate=PROBES_PER_S, posts=0, seconds=3600)
        with under_load(options) as load:
            ended = [_out_of_a_bake(place, name) for _ in range(NOWS)]
            result = load.stop()
    taken_s = [last_answer_s(result.events, left, ran) for left, ran in ended]
    note(f"rollbacks --now: {', '.join(f'{s:.2f}' for s in taken_s)} s")
    return {"now_s": statistics.median(taken_s), "now_failed": result.report.failed}


def _out_of_a_bake(place: Installation, name: str) -> tuple[str, Ran]:
    with subprocess.Popen(
        place.argv("run", name, "v2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
    ) as first:
        try:
            lines_until(first, "→ bake")
            left = place.live(name)
            ran = run(place, name, "rollback", "--now")
            time.sleep(LOOK_ON_S)
        finally:
            first.kill()
            first.communicate()
    return left, ran


def last_answer_s(events: Iterable[Event], left: str, ran: Ran) -> float:
    """Seconds from the command's start until the last answer of `left`. Pure.

    Raises `BenchError` when the rollback moved nothing, or when `left` still answers at the end.
    """
    until_s = ran.ended_s + LOOK_ON_S
    seen = [e for e in events if ran.began_s <= e.started_s < until_s]
    of_left = [e.finished_s for e in seen if e.colour == left]
    if not of_left or all(e.colour == left for e in seen if e.started_s > ran.ended_s):
        raise BenchError(f"no rollback away from {left} was seen")
    return max(of_left) - ran.began_s


# --- whole commands -------------------------------------------------------------------------------


def commands() -> dict[str, float]:
    """An application that is ready in 1.0 s, bake and drain off, nothing else to do."""
    with installation(drain_s=0, bake={"for_s": 0}) as (place, name):
        run(place, name, "run", "v1")
        plan = place.argv("plan", name, "v2")
        plan_s = _times(PLANS, lambda _: plan)
        deploy_s = _times(DEPLOYS, lambda i: place.argv("run", name, f"v{2 - i % 2}"))
    help_s = _times(HELPS, lambda _: [sys.executable, "-m", "pyhelpers.deploy", "--help"])
    note(f"deploys: {', '.join(f'{s:.2f}' for s in deploy_s)} s")
    return {
        "deploy_total_s": statistics.median(deploy_s),
        "deploy_total_s_min": min(deploy_s),
        "deploy_total_s_max": max(deploy_s),
        "help_s": statistics.median(help_s),
        "plan_s": statistics.median(plan_s),
    }


def _times(count: int, argv: Callable[[int], Sequence[str]]) -> list[float]:
    """Wall seconds of the commands, one after the other, the interpreter's start included."""
    return [_seconds(argv(i)) for i in range(count)]


def _seconds(argv: Sequence[str]) -> float:
    began_s = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    took_s = time.monotonic() - began_s
    if done.returncode:
        said = done.stdout + done.stderr
        raise BenchError(f"{' '.join(argv)} ended with {done.returncode}:\n{said}")
    return took_s
