"""`script/bench sync`: a changed gateway under load, and how soon the second apply says nothing."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench import over_tls
from bench.installation import Installation
from bench.load import Options
from bench.load.events import FAST_KINDS
from bench.output import BenchError, Figure
from bench.stack import Stack
from bench.stage import under_load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.installation import Finished
    from bench.output import Value

ROUNDS, TLS_ROUNDS, REPLACEMENTS = 10, 5, 3
RATE, SECONDS = 120.0, 600.0
H2_RATE, H2_SECONDS = 60.0, 6
CALM_S = 2.0
FIGURES = (
    Figure("applies", "changed gateway configurations, one after another under load"),
    Figure("requests", "over HTTP/1.1 on kept-alive connections, 120 a second, meanwhile"),
    Figure("failed", "of them failed", most=0),
    Figure("recreated", "containers that were made anew by it", most=0),
    Figure("apply_s", "one of these applies, typed → nginx serves the new files; median"),
    Figure("second_apply_s", "the same again, which has nothing to do; the slowest", most=2),
    Figure("tls_requests", "the same over TLS, five such configurations, HTTP/1.1 kept alive"),
    Figure("tls_failed", "of them failed", most=0),
    Figure("h2_requests", "beside it over HTTP/2, 60 a second until GOAWAY, never sent twice"),
    Figure("h2_failed", "of them got no answer"),
    Figure("replacements", "of the gateway's own container, as for a new nginx"),
    Figure("replaced_failed", "requests that failed by one, 120 a second; median"),
    Figure("replaced_outage_s", "from the first fast one of these to the last; median"),
)


def measure(rounds: int | None) -> dict[str, Value]:
    with _brought() as stack:
        options = Options(stack.at.url, RATE, seconds=SECONDS, keepalive=1.0)
        before = set(stack.containers().values())
        with under_load(options) as load:
            time.sleep(CALM_S)
            times = [_round(stack, number) for number in range(rounds or ROUNDS)]
            time.sleep(CALM_S)
            report = load.stop().report
        recreated = len(before - set(stack.containers().values()))
        plain = {
            "applies": len(times),
            "requests": report.requests,
            "failed": report.failed,
            "recreated": recreated,
            "apply_s": round(statistics.median(first for first, _ in times), 3),
            "second_apply_s": round(max(second for _, second in times), 3),
            **_replacements(stack),
        }
    return {**plain, **_over_tls()}


def _over_tls() -> dict[str, Value]:
    """Both kinds of clients at once, so that they meet the same reloads."""
    with _brought(tls=True) as stack:
        options = over_tls.options(stack.at, RATE, seconds=SECONDS, keepalive=1.0)
        with under_load(options) as load:
            time.sleep(CALM_S)
            told = [_round_of_http2(stack, number) for number in range(TLS_ROUNDS)]
            time.sleep(CALM_S)
            report = load.stop().report
    return {
        "tls_requests": report.requests,
        "tls_failed": report.failed,
        "h2_requests": sum(each.requests for each in told),
        "h2_failed": sum(each.failed for each in told),
    }


def _round_of_http2(stack: Stack, number: int) -> over_tls.Told:
    with over_tls.Http2(stack.at, H2_RATE, H2_SECONDS) as http2:
        _round(stack, number)
        return http2.wait()


def _replacements(stack: Stack) -> dict[str, Value]:
    """The gateway's own container is made anew, as for a new nginx; slow requests are in flight."""
    options = Options(stack.at.url, RATE, seconds=SECONDS, slow_per_s=2.0)
    found = []
    for number in range(REPLACEMENTS):
        with under_load(options) as load:
            time.sleep(CALM_S)
            _replace(stack, number)
            time.sleep(CALM_S)
            found.append([event for event in load.stop().events if event.failure])
    # A slow one fails at its end: the moment of its start would say nothing.
    starts_s = [[e.started_s for e in each if e.kind in FAST_KINDS] for each in found]
    windows_s = [max(each) - min(each) if each else 0.0 for each in starts_s]
    return {
        "replacements": len(found),
        "replaced_failed": round(statistics.median(map(len, found))),
        "replaced_outage_s": round(statistics.median(windows_s), 3),
    }


def _replace(stack: Stack, number: int) -> None:
    document = stack.gateway()
    document["services"]["gateway"]["mem_limit"] = f"{512 + number}m"
    stack.compose_file("gateway.yml", document)
    stack.commit()
    _well(stack.sync("apply"))


@contextmanager
def _brought(*, tls: bool = False) -> Iterator[Stack]:
    """v1 behind a gateway that sync has brought. Nothing of it is left behind."""
    with tempfile.TemporaryDirectory(prefix="protostar-bench-") as folder:
        at = Installation(Path(folder) / "here")
        try:
            if tls:
                over_tls.secure(at)
            name = at.add("api", route="/", drain_s=0, bake={"for_s": 0})
            stack = Stack.of(at)
            over_tls.ease(stack)
            _well(stack.sync("apply"))
            _well(at.deploy("run", name, "v1"))
            yield stack
        finally:
            at.remove()


def _round(stack: Stack, number: int) -> tuple[float, float]:
    stack.append("nginx/mixins/log.conf", f"# round {number}")
    stack.commit()
    first, second = _well(stack.sync("apply")), _well(stack.sync("apply"))
    if "nothing to do" not in second.out:
        raise BenchError(f"the second apply did something: {second.out}")
    return first.seconds, second.seconds


def _well(done: Finished) -> Finished:
    if done.code:
        raise BenchError(f"it ended with {done.code}: {done.err or done.out}")
    return done
