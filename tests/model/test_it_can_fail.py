"""A model test that nothing can break proves nothing: each of these breaks one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.model import breakages, invariants
from tests.model.cases import examine
from tests.model.scenarios import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.model.story import Story
    from tests.model.world import World

SCENARIOS = {scenario.name: scenario for scenario in ALL}


@pytest.mark.parametrize(
    ("broken", "scenario", "noticed_by"),
    [
        (breakages.NeverFlipsBack, "v1 to v2", invariants.uncommitted_goes_back),
        (breakages.NeverFlipsBack, "bad in the bake", invariants.rerun_converges),
        (breakages.MovesTheMarkerInTwoSteps, "v1 to v2", invariants.marker_is_the_truth),
        (breakages.MovesTheMarkerInTwoSteps, "v1 to v2", invariants.a_ready_colour_answers),
        (breakages.StopsTheOldColourAtTheSwitch, "v1 to v2", invariants.a_ready_colour_answers),
        (breakages.LivesOnWithoutItsDeployer, "v1 to v2", invariants.no_lock_left),
        (breakages.CommitsNothingToTheDisk, "v1 to v2", invariants.third_run_changes_nothing),
        (breakages.LeavesNoTraceOfAHook, "hooks", invariants.hooks_ran_at_most_once),
        (breakages.RecreatesTheLiveColour, "v1 to v2", invariants.a_ready_colour_answers),
    ],
)
def test_a_broken_rule_is_noticed(
    broken: type[World], scenario: str, noticed_by: Callable[[Story], str]
) -> None:
    report = examine(SCENARIOS[scenario], 0.04, broken)
    assert noticed_by.__name__ in {violation.invariant for violation in report.violations}
