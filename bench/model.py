"""`script/bench model`: the tests' in-memory host, every step of it broken in every way."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import CHECKOUT
from bench.output import BenchError, Figure
from tests.model.cases import SHARE

if TYPE_CHECKING:
    from bench.output import Value

FIGURES = (
    Figure("cases", "scenario × call × kind of fault, each then run twice more", least=2000),
    Figure("violations", "broken invariants of tests/model/invariants.py", most=0),
    Figure("seconds", "for all of them, on all cores", most=60),
)


def measure(rounds: int | None) -> dict[str, Value]:
    """The cases of each test run; `rounds`: so many times as many of all that there are."""
    share = min(1.0, SHARE * (rounds or 1))
    with tempfile.TemporaryDirectory(prefix="protostar-model-") as folder:
        path = Path(folder) / "figures.json"
        argv = [sys.executable, "-m", "tests.model", "--json", str(path), f"--share={share}"]
        # A line for each scenario, with what it violates: progress, so not to stdout.
        subprocess.run(argv, check=False, cwd=CHECKOUT, stdout=sys.stderr)
        if not path.exists():
            raise BenchError("the model did not run to its end; it says why above")
        found: dict[str, Value] = json.loads(path.read_text(encoding="utf-8"))
    return found
