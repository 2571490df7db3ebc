"""The plans of tests/cases/plan: facts and a target → steps, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.unit.deploy import builders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyhelpers.deploy.model import Facts, Target

CASES = Path(__file__).parents[2] / "cases" / "plan"


@dataclass(frozen=True)
class Case:
    name: str
    target: Target
    facts: Facts
    expected: Mapping[str, Any] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return "refused" in self.expected


INPUTS = {"service", "facts", "target"}
EXPECTED = {"steps", "tells", "warnings", "live", "idle", "fallback", "pull", "prune", "refused"}


def read_cases() -> Iterator[Case]:
    for file in sorted(CASES.glob("*.yml")):
        for name, entry in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            yield _case(f"{file.stem}: {name}", entry)


def _case(name: str, entry: Mapping[str, Any]) -> Case:
    unknown = set(entry) - INPUTS - EXPECTED
    if unknown or not set(entry) & {"steps", "refused"}:
        raise ValueError(f"{name}: {unknown or 'neither steps nor refused'}")
    wanted = dict(entry.get("target", {}))
    target = builders.target(
        wanted.get("release", "v2"), wanted.get("action", "deploy"), **entry.get("service", {})
    )
    expected = {key: entry[key] for key in EXPECTED & set(entry)}
    return Case(name, target, builders.facts(**entry.get("facts", {})), expected)
