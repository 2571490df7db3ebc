"""From where a command starts, what it is, and what it comes to when nothing breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyhelpers.errors import FailedAfterSwitch, FailedBeforeSwitch, PreflightError
from tests.model.engine import App, crash
from tests.model.faults import Fault, Kind
from tests.model.world import SERVICE, Command, World, configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyhelpers.config.model import Config

HOOKS = {"before_switch": [["migrate", "up"], ["migrate", "check"]]}
WORKER = {"kind": "worker"}


def deploy(version: str, *, detach: bool = False) -> Command:
    return Command("deploy", version, detach)


def rollback(version: str | None = None) -> Command:
    return Command("rollback", version)


@dataclass(frozen=True)
class Scenario:
    """`earlier`: commands, each perhaps with a fault, that were given before. `night`: what
    happened to the live colour since. `ends_with`: the version that is live in the end.
    """

    name: str
    command: Command
    ends_with: str
    earlier: tuple[tuple[Command, Fault | None], ...] = ()
    night: Callable[[World], None] | None = None
    service: Mapping[str, Any] = field(default_factory=dict)
    fails_with: type[Exception] | None = None

    @cached_property
    def config(self) -> Config:
        return configuration(**self.service)

    @cached_property
    def kept(self) -> Any:
        world = World(self.config)
        for command, fault in self.earlier:
            outcome = world.do(command, fault)
            went_well = outcome.error is None and not outcome.killed
            assert went_well == (fault is None), f"{command}: {outcome.error}"
            world.settle()
        if self.night is not None:
            self.night(world)
        world.machine.advance(10.0)
        return world.keep()

    def world(self, kind: type[World] = World) -> World:
        return kind.taken_up(self.config, self.kept)

    def gives_up_at_once(self, error: BaseException | None) -> bool:
        """A rollback that was done is not done twice: there is no earlier release any more."""
        undone = self.command == rollback() and isinstance(error, PreflightError)
        return undone and "no earlier good release" in str(error)


def _plain(*versions: str) -> tuple[tuple[Command, Fault | None], ...]:
    return tuple((deploy(version), None) for version in versions)


def _cut_off(step: str, kind: Kind = Kind.POWER) -> tuple[tuple[Command, Fault | None], ...]:
    return (*_plain("v1"), (deploy("v2"), Fault(f"guard: {step}", 1, kind)))


def _live_crashes(world: World) -> None:
    for container in world.machine.engine.of(SERVICE, world.edge.live()):
        crash(container)


def _live_hangs(world: World) -> None:
    for container in world.machine.engine.of(SERVICE, world.edge.live()):
        container.app = App(ready=False)


ALL = (
    Scenario("first deploy", deploy("v1"), "v1"),
    Scenario("first deploy, image pulled", deploy("v1"), "v1", service={"pull": True}),
    Scenario("first deploy of a bad release", deploy("v3"), "", fails_with=FailedBeforeSwitch),
    Scenario("v1 to v2", deploy("v2"), "v2", _plain("v1")),
    Scenario("v1 to v2, detached", deploy("v2", detach=True), "v2", _plain("v1")),
    Scenario("hooks", deploy("v2"), "v2", _plain("v1"), service=HOOKS),
    Scenario(
        "a hook that fails", deploy("v6"), "v1", _plain("v1"), None, HOOKS, FailedBeforeSwitch
    ),
    Scenario("two replicas", deploy("v2"), "v2", _plain("v1"), service={"replicas": 2}),
    Scenario("kept warm", deploy("v2"), "v2", _plain("v1"), service={"keep_warm": True}),
    Scenario("third release", deploy("v2"), "v2", _plain("v2", "v1"), service={"keep_releases": 2}),
    Scenario(
        "warm rollback", rollback("v1"), "v1", _plain("v1", "v2"), service={"keep_warm": True}
    ),
    Scenario("cold rollback", rollback("v1"), "v1", _plain("v1", "v2")),
    Scenario("rollback without a version", rollback(), "v1", _plain("v1", "v2")),
    Scenario("worker", deploy("v2"), "v2", _plain("v1"), service=WORKER),
    Scenario("bad worker", deploy("v4"), "v1", _plain("v1"), None, WORKER, FailedAfterSwitch),
    Scenario(
        "worker that knows no markers",
        deploy("v2"),
        "v2",
        _plain("v1"),
        service={**WORKER, "marker": False},
    ),
    Scenario("refused at ready", deploy("v3"), "v1", _plain("v1"), fails_with=FailedBeforeSwitch),
    Scenario(
        "refused as it exits", deploy("v5"), "v1", _plain("v1"), fails_with=FailedBeforeSwitch
    ),
    Scenario("bad in the bake", deploy("v4"), "v1", _plain("v1"), fails_with=FailedAfterSwitch),
    Scenario("the live colour has crashed", deploy("v2"), "v2", _plain("v1"), _live_crashes),
    Scenario("the live colour is not well", deploy("v2"), "v2", _plain("v1"), _live_hangs),
    Scenario("same release again", deploy("v1"), "v1", _plain("v1")),
    Scenario("after a power cut in a bake", deploy("v2"), "v2", _cut_off("write committed.new")),
    Scenario(
        "after a power cut at the commit", deploy("v2"), "v2", _cut_off("append to the history")
    ),
    Scenario("a colour left over", deploy("v2"), "v2", _cut_off("stop blue")),
)
