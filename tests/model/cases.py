"""Scenario × call × kind of fault: which cases there are, and what comes of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.model.faults import Fault
from tests.model.story import Story
from tests.model.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.model.faults import Point
    from tests.model.scenarios import Scenario
    from tests.model.story import Violation


# Of all cases, those that each test run looks at; `python -m tests.model --all` takes all.
SHARE = 0.088


@dataclass
class Report:
    cases: int = 0
    violations: tuple[Violation, ...] = ()

    def add(self, found: Sequence[Violation]) -> None:
        self.cases += 1
        self.violations += tuple(found)


def points_of(scenario: Scenario) -> list[Point]:
    """Every call and step of the scenario when nothing breaks."""
    world = scenario.world()
    outcome = world.do(scenario.command)
    world.settle()
    return list(outcome.points)


def faults_of(scenario: Scenario) -> Iterator[Fault]:
    """Each kind at the first and at the last time of each call in each step.

    What lies between them is the same call in the same loop.
    """
    points = points_of(scenario)
    last = {point.name: point.number for point in points}
    for point in points:
        if point.number in (1, last[point.name]):
            yield from (Fault(point.name, point.number, kind) for kind in point.kinds)


def chosen(scenario: Scenario, share: float) -> list[Fault]:
    """A share of them, the same at each run."""
    faults = list(faults_of(scenario))
    return random.Random(scenario.name).sample(faults, round(share * len(faults)))


def examine(scenario: Scenario, share: float, kind: type[World] = World) -> Report:
    """The scenario without a fault, and with each of the chosen ones."""
    report = Report()
    for fault in (None, *chosen(scenario, share)):
        report.add(Story(scenario, scenario.world(kind), fault).tell())
    return report
