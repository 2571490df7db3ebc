"""`python -m bench NAME`: measure, print one table, write one flat object. See script/bench."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bench import output
from bench.load import LoadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BENCHES = {
    "deploy": "12 deploys in a row, a refusal and a flip-back under load; rollback, time, memory",
    "kill": "the deployer is killed at each of its steps under load; what stands afterwards",
    "remote": "deploys over SSH to two servers under load; what they move, and what the way costs",
    "cuts": "deployer, sshd, packets and engine are cut at each step of a deploy over SSH",
    "soak": "a hundred deploys in a row over SSH; nothing may grow on either side",
    "sync": "ten changed gateway configurations under load, each applied twice",
    "centre-off": "Centre is away for ten minutes, and what users of A5 see of it",
    "durability": "PostgreSQL and the queue are killed with -9 while they are written to",
    "observers": "memory of Prometheus and its collector with 20,000 series; what an outage loses",
    "backup": "A5 is kept under load, wiped, and restored; bits are flipped in the store",
    "certs": "a certificate is renewed under load, also while the ACME server is away",
    "paths": "both network paths: what must hold of them, and what the proxy costs a request",
    "jobs": "200 Jenkins jobs: how long a plan takes, and that it is quiet after an apply",
    "pipeline": "what a Jenkinsfile asks for, without a Jenkins: build to deploy under load",
    "marker": "what the marker costs at the gateway, beside a gateway that reloads",
    "model": "every step broken in every way, in memory",
}


class Bench(Protocol):
    """What a module of a bench holds. `rounds` None: as many as its figures need."""

    FIGURES: Sequence[output.Figure]

    def measure(self, rounds: int | None) -> Mapping[str, output.Value]: ...


def main() -> int:
    options = _options()
    # However it is asked to end, what was started is taken away again.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    bench: Bench = importlib.import_module(output.module_of(options.name))
    try:
        found = output.complete(bench.FIGURES, bench.measure(options.rounds))
    except (output.BenchError, LoadError, RuntimeError) as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was started is removed", file=sys.stderr)
        return 130
    if options.json:
        output.write(options.json, found)
    output.show(bench.FIGURES, found)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure, print a table, write one flat object.",
        epilog="\n".join(f"{name:<8} {line}" for name, line in BENCHES.items()),
    )
    parser.add_argument("name", choices=BENCHES, help="see below")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--rounds", type=_positive, help="fewer or more of what is repeated, to try the bench"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
