"""One case: a command with a fault in it, the same command again, and a third time."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.model import invariants
from tests.model.engine import BOOT_TAKES_S
from tests.model.faults import Fault, Kind
from tests.model.world import ROOT, SERVICE, Outcome, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.model.engine import Container
    from tests.model.scenarios import Scenario

REST_S = 10.0


@dataclass(frozen=True)
class Violation:
    scenario: str
    fault: Fault | None
    run: str
    invariant: str
    what: str

    def __str__(self) -> str:
        what = self.what.replace("\n", " / ")
        return f"{self.scenario} | {self.fault} | {self.run} | {self.invariant}: {what}"


class Story:
    """What the invariants look at."""

    def __init__(self, scenario: Scenario, world: World, fault: Fault | None = None) -> None:
        self.scenario, self.world, self.fault = scenario, world, fault
        self.is_alone = fault is None or fault.kind is not Kind.ANOTHER
        self.power_was_cut = fault is not None and fault.kind in (Kind.POWER, Kind.POWER_LOSES)
        self.violations: list[Violation] = []
        self.run = ""
        self._begin("")

    def tell(self) -> list[Violation]:
        """All three runs; what was violated in any of them."""
        self.tell_first()
        self._do("again", invariants.AFTER_THE_RERUN)
        self._do("a third time", invariants.AFTER_THE_THIRD)
        return self.violations

    def tell_first(self) -> list[Violation]:
        """Only the command with the fault in it."""
        self._do("with the fault", invariants.AT_REST)
        if self.fault is not None and self.outcome.struck_s is None:
            self._violated("the_fault_struck", "this call never came")
        return self.violations

    def _do(self, run: str, afterwards: Iterable[Callable[[Story], str]]) -> None:
        self._begin(run)
        fault = self.fault if run == "with the fault" else None
        self.outcome = self.world.do(self.scenario.command, fault, self._look)
        self.struck_s = self.outcome.struck_s or 0.0
        self.deployer_died = self.outcome.killed
        self.all_were_killed = fault is not None and self.power_was_cut
        self.world.settle()
        self.world.machine.disk.full = False
        for invariant in afterwards:
            self._check(invariant)
        self.world.machine.advance(REST_S)

    def _begin(self, run: str) -> None:
        world = self.world
        self.run, self.outcome = run, Outcome()
        self.live_before, self.release_before = world.edge.live(), self.live_release()
        answer = world.edge.answer(self.live_before)
        self.was_ready, self.has_fallback = answer.ok, bool(self.live_before) and answer.app
        # An earlier command was cut off: what is live is not what was last committed.
        self.unsettled = self._is_uncommitted()
        if self.unsettled:
            self.release_before = self._release_of_colour(self._intent()[0])
            self.was_ready = self.was_ready and self._is_well(self.release_before)
        self._lines_before = len(self.history_lines())
        self._before = self._state()
        self.moved, self.last_seen_new_s, self.struck_s = False, 0.0, 0.0
        self.deployer_died = self.all_were_killed = False

    # --- at every instant -----------------------------------------------------------------------

    def _look(self, name: str) -> None:
        if self.world.edge.live() != self.live_before:
            self.moved = True
            self.last_seen_new_s = self.world.machine.now_s
        for invariant in invariants.AT_EVERY_INSTANT:
            self._check(invariant, name)

    def _check(self, invariant: Callable[[Story], str], at: str = "") -> None:
        what = invariant(self)
        if what and not any(v.invariant == invariant.__name__ for v in self.violations):
            self._violated(invariant.__name__, f"{what} (at {at})" if at else what)

    def _violated(self, name: str, what: str) -> None:
        self.violations.append(Violation(self.scenario.name, self.fault, self.run, name, what))

    def is_booting(self) -> bool:
        return self.world.machine.now_s < self.world.machine.engine.booted_s + BOOT_TAKES_S + 1

    def _is_well(self, release: str) -> bool:
        now_s = self.world.machine.now_s
        theirs = [c for found in self.colours().values() for c in found if c.release == release]
        return bool(theirs) and all(c.is_ready(now_s) for c in theirs)

    # --- what is there --------------------------------------------------------------------------

    def colours(self) -> dict[str, list[Container]]:
        """The running containers of each colour."""
        found: dict[str, list[Container]] = defaultdict(list)
        for container in self.world.machine.engine.containers.values():
            if container.running and not container.one_off:
                found[container.colour].append(container)
        return found

    def live_release(self) -> str:
        return self._release_of_colour(self.world.edge.live())

    def release_of(self, version: str) -> str:
        """By the label that the history knows it by."""
        records = (r for r in map(_decoded, self._known_lines()) if r)
        known = {r["release"]["label"]: r["release"]["id"] for r in records if "release" in r}
        found: str = known.get(version, "")
        return found

    def history_lines(self) -> list[str]:
        return self.world.machine.disk.text(f"{ROOT}/history/{SERVICE}.jsonl").splitlines()

    def _known_lines(self) -> list[str]:
        committed = self.world.machine.disk.text(f"{ROOT}/guard/{SERVICE}/committed")
        return [*self.history_lines(), *committed.splitlines()]

    def last_good(self) -> dict[str, Any] | None:
        """As the history says, or the file of a commit that has not reached it."""
        lines = self._known_lines()
        good = (r for r in map(_decoded, lines) if r.get("outcome") == "done")
        return next(reversed(list(good)), None)

    def is_committed(self) -> bool:
        """This run's deploy."""
        fresh = map(_decoded, self.history_lines()[self._lines_before :])
        return self._has("committed") or any(r.get("outcome") == "done" for r in fresh)

    def has_intent(self) -> bool:
        return self._has("intent")

    def _is_uncommitted(self) -> bool:
        """A switch that somebody will flip back."""
        return self._intent()[2:] == ["yes"] and not self._has("committed")

    def _intent(self) -> list[str]:
        return self.world.machine.disk.text(f"{ROOT}/guard/{SERVICE}/intent").split()

    def _release_of_colour(self, colour: str) -> str:
        running = self.colours().get(colour, [])
        return running[0].release if running else ""

    def _has(self, name: str) -> bool:
        return self.world.machine.disk.exists(f"{ROOT}/guard/{SERVICE}/{name}")

    def is_committed_on_disk(self) -> bool:
        return self._has("committed")

    def is_as_before(self) -> bool:
        return self._state() == self._before

    def serves_as_before(self) -> bool:
        """Apart from what the history tells of the attempt."""
        path = f"{ROOT}/history/{SERVICE}.jsonl"
        (now, *rest), (before, *rest_before) = self._state(), self._before
        return rest == rest_before and now | {path: b""} == before | {path: b""}

    def _state(self) -> tuple[dict[str, bytes], list[tuple[str, bool]], list[str]]:
        """All that a command may change; the guard's own room apart."""
        machine = self.world.machine
        known = (f"{ROOT}/guard/", f"{ROOT}/format")
        files = {p: d for p, d in machine.disk.paths().items() if not p.startswith(known)}
        containers = sorted((c.id, c.running) for c in machine.engine.containers.values())
        return files, containers, sorted(machine.engine.images)


def _decoded(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found
