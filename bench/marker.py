"""`script/bench marker`: what the marker costs at the gateway, beside a gateway that reloads.

Gateways of one worker on a core of its own, one tiny upstream, wrk as load (closed loop: a
gateway's capacity). They take turns, and the medians of the rounds are compared.
"""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.engine import docker
from bench.every import Every
from bench.gateways import gateways, others_core
from bench.output import BenchError, Figure, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.gateways import Gateway
    from bench.output import Value

ROUNDS = 7
SECONDS = 4
CONNECTIONS = 32
SWITCH_EVERY_S = 1.0
WRK = "protostar-bench/wrk:4"

FIGURES = (
    Figure("marker_rps", "requests/s, marker renamed every second"),
    Figure("plain_rps", "requests/s, static upstream, never switched"),
    Figure("reload_rps", "requests/s, static upstream, switched by a reload every second"),
    Figure("marker_p50_ms", "median latency at that rate"),
    Figure("plain_p50_ms", "median latency at that rate"),
    Figure("reload_p50_ms", "median latency at that rate"),
    Figure("marker_p99_ms", "99th percentile at that rate"),
    Figure("plain_p99_ms", "99th percentile at that rate"),
    Figure("reload_p99_ms", "99th percentile at that rate"),
    Figure("marker_cost_us", "gateway's CPU time a request: with the marker minus without"),
    Figure("marker_cost_3_services_us", "the same with three services' markers, as on A5"),
    Figure("plain_service_us", "for scale: the gateway's whole CPU time a request, without"),
    Figure("marker_failed", "failed in all rounds with the marker", most=0),
    Figure("reload_failed", "failed in all rounds with reloads"),
    Figure("marker_switches", "renames in these rounds"),
    Figure("reload_switches", "reloads in these rounds"),
)


@dataclass(frozen=True, slots=True)
class Shot:
    """One run of wrk against one gateway, in microseconds. `cpu_us`: the gateway's, a request."""

    rps: float
    p50_us: float
    p99_us: float
    failed: int
    cpu_us: float


def measure(rounds: int | None) -> dict[str, Value]:
    number = rounds or ROUNDS
    with gateways() as (network, found):
        for gateway in found.values():
            _shoot(network, gateway, seconds=1)
        shots: dict[str, list[Shot]] = {name: [] for name in found}
        for i in range(number):
            for name in rotated(list(found), i):
                shots[name].append(_shoot(network, found[name], SECONDS))
            rates = ", ".join(f"{name} {taken[-1].rps:.0f}" for name, taken in shots.items())
            note(f"round {i + 1} of {number}, requests/s: {rates}")
    return figures(shots, {name: gateway.switches for name, gateway in found.items()})


def rotated(names: list[str], by: int) -> list[str]:
    """Each round begins with another, so that none has always the same neighbour."""
    at = by % len(names)
    return names[at:] + names[:at]


def figures(shots: Mapping[str, Sequence[Shot]], switches: Mapping[str, int]) -> dict[str, Value]:
    """Medians over the rounds; failures over all of them."""
    cpu_us = {name: statistics.median(s.cpu_us for s in taken) for name, taken in shots.items()}
    shown: dict[str, Value] = {}
    for name in ("marker", "plain", "reload"):
        shown[f"{name}_rps"] = round(statistics.median(s.rps for s in shots[name]))
        shown[f"{name}_p50_ms"] = statistics.median(s.p50_us for s in shots[name]) / 1000
        shown[f"{name}_p99_ms"] = statistics.median(s.p99_us for s in shots[name]) / 1000
    for name in ("marker", "reload"):
        shown[f"{name}_failed"] = sum(shot.failed for shot in shots[name])
        shown[f"{name}_switches"] = switches[name]
    return {
        **shown,
        "marker_cost_us": round(cpu_us["marker"] - cpu_us["plain"], 2),
        "marker_cost_3_services_us": round(cpu_us["marker3"] - cpu_us["plain"], 2),
        "plain_service_us": round(cpu_us["plain"], 2),
    }


# --- one shot -------------------------------------------------------------------------------------


def _shoot(network: str, gateway: Gateway, seconds: int) -> Shot:
    before_us = _cpu_us(gateway.container)
    with Every(SWITCH_EVERY_S, gateway.turn):
        # The port is named: the image has no list of services to look "http" up in.
        told = _wrk(network, f"http://{gateway.container}:80/", seconds)
    spent_us = _cpu_us(gateway.container) - before_us
    requests = told["requests"]
    if not requests:
        raise BenchError(f"{gateway.container} answered nothing: {told}")
    return Shot(
        rps=1e6 * requests / told["duration_us"],
        p50_us=told["p50_us"],
        p99_us=told["p99_us"],
        failed=told["failed"],
        cpu_us=spent_us / requests,
    )


def _wrk(network: str, url: str, seconds: int) -> dict[str, Any]:
    load = ["--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s", url]
    place = ["--rm", "--network", network, "--cpuset-cpus", others_core()]
    said = docker("run", *place, WRK, *load)
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return told


def _cpu_us(container: str) -> float:
    """Of all nginx processes in it. One may end while its file is read, which is no error."""
    said = docker("exec", container, "sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null; true")
    return 1e6 * cpu_ticks(said.splitlines()) / os.sysconf("SC_CLK_TCK")


def cpu_ticks(lines: Iterable[str]) -> int:
    """User and system time of the nginx processes in lines of /proc/PID/stat."""
    total = 0
    for line in lines:
        head, _, rest = line.rpartition(")")
        if head.endswith("(nginx"):
            # Fields 14 and 15 of the line; `rest` begins with the third.
            user, system = rest.split()[11:13]
            total += int(user) + int(system)
    return total
