"""How every bench shows what it found: progress on stderr, one table, one flat JSON object."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import docker
from pyhelpers import console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value = float | str
HEADINGS = ("figure", "value", "wanted", "what it is")
STARTED_S = time.monotonic()


class BenchError(Exception):
    """Nothing could be measured: what was to be measured did not happen."""


def module_of(bench: str) -> str:
    """Where a bench's FIGURES and `measure` are."""
    return f"bench.{bench.replace('-', '_')}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One key of a bench's object, and what it must reach, if anything.

    `most` and `least` are bounds, `same_as` names the key that it must be equal to.
    """

    key: str
    what: str
    most: float | None = None
    least: float | None = None
    same_as: str = ""

    @property
    def wanted(self) -> str:
        if self.same_as:
            return f"= {self.same_as}"
        if self.most is not None:
            return f"≤ {self.most:g}" if self.most else "0"
        return "" if self.least is None else f"≥ {self.least:g}"

    def reached(self, found: Mapping[str, Value]) -> bool:
        value = float(found[self.key])
        most = float(found[self.same_as]) if self.same_as else self.most
        least = most if self.same_as else self.least
        return (most is None or value <= most) and (least is None or value >= least)


def note(text: str) -> None:
    """A line of progress, for whoever waits."""
    print(f"{time.monotonic() - STARTED_S:5.0f} s  {text}", file=sys.stderr, flush=True)


def complete(figures: Sequence[Figure], found: Mapping[str, Value]) -> dict[str, Value]:
    """The flat object: exactly the keys that the bench declares, then machine and date."""
    declared = [figure.key for figure in figures]
    if set(declared) != set(found):
        raise BenchError(f"declared and not found, or the reverse: {set(declared) ^ set(found)}")
    rounded = {key: _rounded(found[key]) for key in declared}
    return {**rounded, "machine": machine(), "date": today()}


def show(figures: Sequence[Figure], found: Mapping[str, Value]) -> None:
    console.table(HEADINGS, [_row(figure, found) for figure in figures])
    console.say(f"\n{found['machine']}, {found['date']}")


def write(path: Path, found: Mapping[str, Value]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _row(figure: Figure, found: Mapping[str, Value]) -> tuple[str, Value, str, str]:
    missed = "" if figure.reached(found) else "  MISSED"
    return figure.key, found[figure.key], figure.wanted + missed, figure.what


def _rounded(value: Value) -> Value:
    return round(value, 4) if isinstance(value, float) else value


def machine() -> str:
    """Enough to compare two runs; no name of a host or a person."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    cores = f"{os.cpu_count()} cores ({_processor()})"
    kernel = f"Linux {platform.release().split('-')[0]}"
    return ", ".join((cores, f"{memory_gib:.0f} GiB", system, kernel, *_engine()))


def _engine() -> list[str]:
    """One bench needs none."""
    try:
        return [f"Docker {docker('version', '--format', '{{.Server.Version}}').strip()}"]
    except (OSError, RuntimeError):
        return []


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()
