"""Every call of a deployer, and every step of its guard, broken in every way that fits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.model.cases import SHARE, chosen, examine
from tests.model.scenarios import ALL

if TYPE_CHECKING:
    from tests.model.scenarios import Scenario


def named(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", ALL, ids=named)
def test_the_invariants_hold_whatever_breaks(scenario: Scenario) -> None:
    report = examine(scenario, SHARE)
    assert not report.violations, "\n".join(map(str, report.violations))


def test_there_are_enough_cases() -> None:
    assert sum(1 + len(chosen(scenario, SHARE)) for scenario in ALL) >= 2000
