"""`python -m tests.model [--json FILE] [--all]`: how many cases, and what they violate."""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.model.cases import SHARE, Report, examine
from tests.model.scenarios import ALL

SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as one object")
    parser.add_argument("--share", type=float, default=SHARE, help="how many of all cases, 0 to 1")
    parser.add_argument("--all", action="store_const", const=1.0, dest="share")
    wanted = parser.parse_args()
    began_s = time.monotonic()
    total = _table(wanted.share)
    seconds = round(time.monotonic() - began_s, 1)
    figures = {"cases": total.cases, "violations": len(total.violations), "seconds": seconds}
    _say(", ".join(f"{name} {figure}" for name, figure in figures.items()))
    if wanted.json:
        wanted.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(bool(total.violations))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _table(share: float) -> Report:
    """A line for each scenario, as it is done."""
    total = Report()
    with ProcessPoolExecutor() as pool:
        reports = pool.map(_examine, range(len(ALL)), [share] * len(ALL))
        for scenario, report in zip(ALL, reports, strict=True):
            found = len(report.violations)
            _say(f"{scenario.name:<34} {report.cases:5} cases {found:4} violations")
            for violation in report.violations[:SHOWN]:
                _say(f"    {violation}")
            total.cases += report.cases
            total.violations += report.violations
    return total


def _examine(number: int, share: float) -> Report:
    return examine(ALL[number], share)


if __name__ == "__main__":
    sys.exit(main())
