"""`script/bench worker-…`: the same options and the same output as the other benches."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bench import output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BENCHES = {
    "worker-latency": "from put in to picked up, beside BullMQ's own consumers",
    "worker-stream": "from the endpoint's token to the reader of the stream",
    "worker-search": "30,000 chunks: how fast, how complete, and Korean",
    "worker-chaos": "10,000 jobs while everything is killed, restarted, or answers rubbish",
    "worker-handover": "colours change under load",
}


class Bench(Protocol):
    FIGURES: Sequence[output.Figure]

    def measure(self, rounds: int | None) -> Mapping[str, output.Value]: ...


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--rounds", type=int, help="fewer or more of what is repeated")
    options = parser.parse_args()
    bench: Bench = importlib.import_module(f"bench.worker.{options.name.removeprefix('worker-')}")
    try:
        found = output.complete(bench.FIGURES, bench.measure(options.rounds))
    except (output.BenchError, RuntimeError, TimeoutError) as problem:
        print(f"Error: {str(problem) or type(problem).__name__}", file=sys.stderr)
        return 1
    if options.json:
        output.write(options.json, found)
    output.show(bench.FIGURES, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
