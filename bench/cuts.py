"""`script/bench cuts`: deployer, sshd, packets and engine are cut at each step, under load.

And the server is rebooted at each step.

After each cut nobody helps until the lock is free. Then the same command is run again, and a third
time, which must find nothing to do. The table of all cuts goes to stderr.
"""

from __future__ import annotations

import itertools
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cutting import (
    DEPLOYER,
    ENGINE,
    HEADINGS,
    MIGRATION,
    PACKETS,
    REBOOT,
    SSHD,
    STEPS,
    Cut,
    Kind,
    Scene,
    cut,
    migrations,
)
from bench.engine import build_example
from bench.load import LoadProcess, Options
from bench.output import Figure, note
from bench.servers import Servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.load import Event, Result
    from bench.output import Value

HOST, NAME = "a5", "api"
RATE = 40
FREE_S = 60.0
# Two failures that are this close to each other are one outage.
SAME_OUTAGE_S = 0.5
QUICK: dict[str, Any] = {
    "route": "/",
    "environment": {"READY_AFTER_S": "0.2"},
    "drain_s": 1.5,
    "stop_grace_s": 3,
    "bake": {"for_s": 1},
    "verify": {"answers": 5},
}

FIGURES = (
    Figure("cuts", "of the deployer, of sshd and of the packets, once at each step"),
    Figure("failed", "requests that failed meanwhile", most=0),
    Figure("lock_free_s_max", "after a cut, until the lock was free by itself", most=FREE_S),
    Figure(
        "converged", "cuts after which alone, again, a third time all was right", same_as="cuts"
    ),
    Figure("migrations_beside", "migrations that ran beside another one", most=0),
    Figure("engine_restarts", "of the engine, killed at each step, live-restore on"),
    Figure("engine_converged", "of them, all right afterwards", same_as="engine_restarts"),
    Figure("engine_failed", "requests that failed while the engine came back"),
    Figure("engine_restart_outage_s_max", "the longest row of such failures", most=1),
    Figure("reboots", "of the server, once at each step, without load"),
    Figure(
        "reboots_converged",
        "of them, the live colour answered by itself, and again all right",
        same_as="reboots",
    ),
    Figure("requests", "requests meanwhile"),
)


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """A server whose engine has live-restore, and v1 of the example on it."""
    build_example("app", "1", "2")
    remote = Servers(folder)
    try:
        images = ("protostar-example/app:v1", "protostar-example/app:v2")
        remote.add_server(HOST, "--env", "SERVER_DOCKERD=--live-restore", images=images)
        remote.add(NAME, host=HOST, before_switch=[MIGRATION], **QUICK)
        remote.start_gateways()
        first = remote.deploy("run", NAME, "v1")
        if first.code:
            raise RuntimeError(f"the first deploy ended with {first.code}: {first.err}")
        yield Scene(remote, HOST, NAME)
    finally:
        remote.remove()


def cuts(at: Scene, wanted: Sequence[tuple[Kind, str]], folder: Path) -> tuple[list[Cut], Result]:
    """Each in turn, under one load."""
    found = []
    with LoadProcess(Options(at.remote.url(HOST), RATE, seconds=3600), folder) as load:
        for kind, step in wanted:
            found.append(cut(at, kind, step))
            note(" · ".join(map(str, found[-1].row())))
        return found, load.stop()


def measure(rounds: int | None) -> dict[str, Value]:
    """`rounds`: only so many of the steps."""
    steps = STEPS[:rounds]
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder) / "remote") as at:
        lines = [(kind, step) for kind in (DEPLOYER, SSHD, PACKETS) for step in steps]
        found, result = cuts(at, lines, Path(folder))
        beside = together(migrations(at))
        engines, during = cuts(at, [(ENGINE, step) for step in steps], Path(folder))
        reboots = [cut(at, REBOOT, step) for step in steps]
    note(f"all of them\n\n{table([*found, *engines, *reboots])}\n")
    return {
        "cuts": len(found),
        "failed": result.report.failed,
        "lock_free_s_max": max(each.free_s for each in found),
        "converged": sum(not each.problems for each in found),
        "migrations_beside": beside,
        "engine_restarts": len(engines),
        "engine_converged": sum(not each.problems for each in engines),
        "engine_failed": during.report.failed,
        "engine_restart_outage_s_max": longest_outage_s(during.events),
        "reboots": len(reboots),
        "reboots_converged": sum(not each.problems for each in reboots),
        "requests": result.report.requests + during.report.requests,
    }


def together(told: Sequence[str]) -> int:
    """How many began while another one had not ended, from begin, end, begin…"""
    return sum(pair == ("begin", "begin") for pair in itertools.pairwise(told))


def longest_outage_s(events: Iterable[Event]) -> float:
    """From the start of the first failure of a row to the end of its last, hanging included."""
    longest = began = until = 0.0
    failed = sorted((e.started_s, e.finished_s) for e in events if e.failure is not None)
    for started_s, finished_s in failed:
        began = started_s if started_s - until > SAME_OUTAGE_S else began
        until = max(until, finished_s)
        longest = max(longest, until - began)
    return longest


def table(found: Sequence[Cut]) -> str:
    """For the docs."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(each.row() for each in found)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
