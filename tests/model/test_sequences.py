"""Commands one after another, each perhaps broken, in any order: nothing adds up to a mess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.faults import Fault
from tests.model.scenarios import Scenario, deploy, rollback
from tests.model.story import Story
from tests.model.world import Command, World

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (*(deploy(version) for version in ("v1", "v2", "v3", "v4")), rollback(), rollback("v1"))
SERVICES: tuple[dict[str, Any], ...] = (
    {},
    {"keep_warm": True},
    {"replicas": 2},
    {"before_switch": [["migrate"]]},
)
FINALLY = Scenario("finally", deploy("v2"), "v2")


# A command, and where in it (0 to 1) which kind (0 to 1) of fault strikes; at 1 none does.
turns = st.tuples(st.sampled_from(COMMANDS), st.floats(0, 1), st.floats(0, 1, exclude_max=True))


def fault_at(world: World, command: Command, where: float, which: float) -> Fault | None:
    """Tried out on a copy of the world, where nothing breaks."""
    trial = World.taken_up(world.config, world.keep())
    points = trial.do(command).points
    if where == 1 or not points:
        return None
    point = points[int(where * len(points))]
    return Fault(point.name, point.number, point.kinds[int(which * len(point.kinds))])


@settings(
    max_examples=120, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.sampled_from(SERVICES), st.lists(turns, min_size=1, max_size=4))
def test_after_any_sequence_a_deploy_converges(
    service: dict[str, Any], sequence: Sequence[tuple[Command, float, float]]
) -> None:
    world = World(Scenario("", deploy("v1"), "", service=service).config)
    told = []
    for command, where, which in sequence:
        fault = fault_at(world, command, where, which)
        story = Story(Scenario(f"{command}", command, ""), world, fault)
        told += story.tell_first()
        world.machine.advance(10.0)
    told += Story(FINALLY, world).tell()
    assert not told, "\n".join(map(str, told))
