"""A service on a machine behind a gateway, and the deployers that come to it."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pyhelpers.config.model import Config
from pyhelpers.deploy.compose_version import ComposeVersion
from pyhelpers.deploy.facts import read_history
from pyhelpers.deploy.model import StepName
from pyhelpers.deploy.pipeline import carry_out
from pyhelpers.deploy.site import Site, earlier_release, wanted_release
from tests.model.broken import BrokenClock, BrokenGateway, BrokenHost
from tests.model.docker_api import NETWORK
from tests.model.edge import Edge, MemoryGateway
from tests.model.engine import App, Image
from tests.model.faults import Breaker, Fault, Killed
from tests.model.guard import MemoryGuard
from tests.model.host import MemoryHost
from tests.model.machine import Machine
from tests.model.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.deploy.model import Step
    from pyhelpers.deploy.run import Result
    from tests.model.faults import Point

ROOT = PurePosixPath("/srv/protostar")
FOLDER = Path(__file__).with_name("installation")
SERVICE, GATEWAY = "api", "gateway"
REGISTRY = "registry.lan:5000"
# Nothing that was begun takes longer than this, on the machine's clock.
SETTLED_S = 150.0

VERSIONS = {
    "v1": App(),
    "v2": App(),
    "v3": App(ready=False),
    "v4": App(fails=True),
    "v5": App(exits=True),
    "v6": App(hook_fails=True),
}


def configuration(**service: Any) -> Config:
    """Limits as small as they may be without becoming another behaviour."""
    return Config.model_validate(
        {
            "project": "model",
            "hosts": {"a5": {"local": True, "root": ROOT}},
            "registry": {"address": REGISTRY, "reach": "direct"}
            if service.pop("pull", 0)
            else None,
            "gateways": {GATEWAY: {"container": GATEWAY, "network": NETWORK}},
            "services": {
                SERVICE: {
                    "host": "a5",
                    "image": "protostar/api",
                    "compose": "app.yml",
                    "port": 3000,
                    "ready": {"timeout_s": 1.0},
                    "verify": {"answers": 2},
                    "bake": {"for_s": 0.6, "min_requests": 10},
                    "drain_s": 5.0,
                    "stop_grace_s": 1.0,
                    **service,
                }
            },
        }
    )


def _nobody(name: str) -> None:
    """Looks at nothing."""


@dataclass(frozen=True)
class Command:
    """What a person types: `deploy run api VERSION`, or `deploy rollback api [--to VERSION]`."""

    action: str
    version: str | None = None
    detach: bool = False


@dataclass
class Outcome:
    """How a command ended: one of result, error, killed."""

    result: Result | None = None
    error: BaseException | None = None
    killed: bool = False
    points: Sequence[Point] = ()
    struck_s: float | None = None
    notes: list[str] = field(default_factory=list)


class World:
    """Everything but the deployer. Its state can be kept and taken up again."""

    guard_class: type[MemoryGuard] = MemoryGuard
    shell_class: type[Shell] = Shell

    def __init__(self, config: Config) -> None:
        self.config = config
        self.machine = Machine()
        service = config.services[SERVICE]
        self.edge = Edge(self.machine, str(ROOT), SERVICE, worker=service.kind == "worker")
        for number, (version, app) in enumerate(VERSIONS.items(), start=1):
            self._publish(version, Image(f"sha256:{number:064x}", app))
        self._begin()

    def _publish(self, version: str, image: Image) -> None:
        engine = self.machine.engine
        if self.config.registry is None:
            engine.images[f"protostar/api:{version}"] = image
        else:
            engine.registry[f"{REGISTRY}/protostar/api:{version}"] = image
            engine.registry[f"{REGISTRY}/protostar/api@{image.id}"] = image

    def _begin(self) -> None:
        self.machine.spawn("users", self.edge.life())

    def keep(self) -> Any:
        """Only between commands: processes cannot be kept."""
        machine = self.machine
        assert not self._others()
        return copy.deepcopy((machine.disk, machine.engine, machine.now_s, list(self.edge.log)))

    @classmethod
    def taken_up(cls, config: Config, kept: Any) -> World:
        world = cls(config)
        machine = world.machine
        machine.disk, machine.engine, machine.now_s, log = copy.deepcopy(kept)
        world.edge.log = deque(log, maxlen=world.edge.log.maxlen)
        for process in list(machine.processes):
            machine.kill(process)
        world._begin()
        return world

    # --- a deployer -----------------------------------------------------------------------------

    def do(
        self, command: Command, fault: Fault | None = None, look: Callable[[str], None] = _nobody
    ) -> Outcome:
        """Run the command to its end, with this fault in it."""
        host = MemoryHost(self.machine, ROOT, self.edge)
        host.guard_class, host.shell_class = self.guard_class, self.shell_class
        breaker = Breaker(host, fault, look, lambda: self.do(command, None, look))
        outcome = Outcome(points=breaker.points)
        try:
            with breaker.without_handler():
                outcome.result = self._carry_out(command, host, breaker, outcome.notes)
        except Killed:
            outcome.killed = True
        except Exception as problem:  # noqa: BLE001 - judged by the invariants
            outcome.error = problem
        host.end_of_deployer()
        self.machine.watcher = lambda process, step: look(step)
        outcome.struck_s = breaker.struck_s
        return outcome

    def _carry_out(
        self, command: Command, host: MemoryHost, breaker: Breaker, notes: list[str]
    ) -> Result:
        gateway = BrokenGateway(MemoryGateway(self.edge, NETWORK), breaker)
        service = self.config.services[SERVICE]
        broken, clock = BrokenHost(host, breaker), BrokenClock(host.clock, breaker)
        site = Site(
            self.config, FOLDER, SERVICE, service, broken, gateway, ComposeVersion(broken), clock
        )
        if command.action == "rollback":
            wanted = earlier_release(site, read_history(broken, SERVICE), command.version)
        else:
            wanted = wanted_release(site, command.version or "")
        show = _Show(host, breaker, notes)
        return carry_out(site, wanted, "anna", show, detach=command.detach)

    def settle(self) -> None:
        """Let time pass until nobody but the users does anything; but not for ever."""
        until_s = self.machine.now_s + SETTLED_S
        self.machine.run_until(lambda: not self._others(), until_s)
        if not self.machine.processes:
            self._begin()

    def _others(self) -> list[str]:
        return [process.name for process in self.machine.processes if process.name != "users"]


class _Show:
    """`Reporter`: tells the breaker which step it is, so that calls have a step in their names."""

    interval_s = 0.0

    def __init__(self, host: MemoryHost, breaker: Breaker, notes: list[str]) -> None:
        self._host, self._breaker, self._notes = host, breaker, notes
        self._follows = host.edge.worker is False

    def announce(self, headline: str, warnings: Sequence[str]) -> None:
        self._notes += [headline, *warnings]

    def begin(self, step: Step) -> None:
        self._breaker.step = str(step.name)
        self._host.clock.follower_expected = self._follows and step.name is StepName.BAKE

    def note(self, text: str) -> None:
        self._notes.append(text)

    def end(self, step: Step, seconds: float) -> None:
        self._host.clock.follower_expected = False

    def fail(self, step: Step, seconds: float) -> None:
        self._breaker.step = f"after {step.name}"
        self._host.clock.follower_expected = False
