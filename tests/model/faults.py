"""Every call of the deployer and every step of its guard has a name and a number, and can break."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.model.host import Command, MemoryHost
    from tests.model.machine import Process

T = TypeVar("T")
FROZEN_S = 60.0
CALL_S = 0.001
MIDWAY_S = 0.03


class Killed(BaseException):
    """SIGKILL: nothing that the deployer does from here on has any effect."""


class Kind(StrEnum):
    """How a call, or a step of the guard, breaks."""

    ERROR = "answers with an error"
    TIMEOUT = "does not end in time"
    LOST = "is done, and its answer is lost"
    TERM = "SIGTERM before it"
    TERM_MIDWAY = "SIGTERM while it runs"
    KILL = "SIGKILL before it"
    KILL_MIDWAY = "SIGKILL while it runs"
    KILL_AFTER = "SIGKILL after it"
    FREEZE = "the deployer stands still for a minute"
    ENDED = "another ends the deploy"
    ANOTHER = "another types the same command"
    GUARD_KILLED = "SIGKILL of the guard"
    DISK_FULL = "the disk is full from here on"
    POWER = "power cut, all that was written is there"
    POWER_LOSES = "power cut, only what was synced is there"


TO_THE_GUARD = (Kind.GUARD_KILLED, Kind.ENDED, Kind.DISK_FULL, Kind.POWER, Kind.POWER_LOSES)
TO_ANY_CALL = (
    Kind.TERM,
    Kind.KILL,
    Kind.KILL_AFTER,
    Kind.FREEZE,
    Kind.ENDED,
    Kind.ANOTHER,
    Kind.GUARD_KILLED,
)


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`th time that something of this name happens; `kinds` of faults fit there."""

    name: str
    number: int
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    number: int
    kind: Kind

    def __str__(self) -> str:
        return f"{self.name} #{self.number}: {self.kind}"


class Breaker:
    """Between the deployer and the world: counts, and breaks the one call that the fault names.

    `look` is called after every call and before every step of every process; `another` runs the
    same command to its end.
    """

    def __init__(
        self,
        host: MemoryHost,
        fault: Fault | None,
        look: Callable[[str], None],
        another: Callable[[], object],
    ) -> None:
        self._host, self._machine = host, host.machine
        self._fault, self._look, self._another = fault, look, another
        self._counts: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._signal_owed = False
        self._looked_at = 0
        self.step = "begin"
        self.points: list[Point] = []
        self.dead = False
        self.struck_s: float | None = None
        self._machine.watcher = self._on_step

    # --- the guard's steps ----------------------------------------------------------------------

    def _on_step(self, process: Process, step: str) -> None:
        self._look(step)
        if process.is_guard and self._is_here(f"guard: {step}", TO_THE_GUARD):
            self._break_guard(process)

    def _is_here(self, name: str, kinds: tuple[Kind, ...]) -> bool:
        self._counts[name] += 1
        self.points.append(Point(name, self._counts[name], kinds))
        fault = self._fault
        here = fault is not None and (fault.name, fault.number) == (name, self._counts[name])
        if here:
            self.struck_s = self._machine.now_s
        return here

    def _break_guard(self, process: Process) -> None:
        assert self._fault is not None
        kind = self._fault.kind
        if kind is Kind.GUARD_KILLED:
            self._machine.kill(process)
        elif kind is Kind.ENDED:
            self._end_by_another(process)
        elif kind is Kind.DISK_FULL:
            self._machine.disk.full = True
        else:
            self._cut_power(lose=kind is Kind.POWER_LOSES)

    def _end_by_another(self, guard: Process) -> None:
        room = f"{self._host.root}/guard/{self._host.edge.service}"
        self._machine.disk.put(f"{room}/ended_by", b"bert\n")
        self._machine.signal(guard, "USR1")

    def _cut_power(self, *, lose: bool) -> None:
        self._machine.power_cut(lose=lose)
        self._die()

    def _die(self) -> None:
        self.dead = True
        self._host.end_of_deployer()
        raise Killed

    # --- the deployer's calls -------------------------------------------------------------------

    def call(
        self, name: str, act: Callable[[], T], *breaks: Kind, how: Callable[[Kind], T] | None = None
    ) -> T:
        """Do `act`, or break. `how` answers or raises for the `breaks` that few calls have."""
        with self._lock:
            if self.dead:
                raise Killed
            self._pay_signal()
            self._machine.advance(CALL_S)
            if not self._is_here(f"{self.step} / {name}", (*TO_ANY_CALL, *breaks)):
                result = act()
            else:
                result = self._strike(act, how)
            if self._machine.steps != self._looked_at:  # else nobody has done anything since
                self._look(name)
                self._looked_at = self._machine.steps
            return result

    def _strike(self, act: Callable[[], T], how: Callable[[Kind], T] | None) -> T:
        assert self._fault is not None
        kind = self._fault.kind
        if kind is Kind.TERM:
            self.interrupt()
        elif kind is Kind.KILL:
            self._die()
        elif kind is Kind.KILL_AFTER:
            act()
            self._die()
        elif kind is Kind.FREEZE:
            self._freeze()
        elif kind is Kind.ANOTHER:
            self._another()
            self._machine.watcher = self._on_step
        elif kind in TO_THE_GUARD:
            self._break_idle_guard()
        elif how is not None:
            return how(kind)
        return act()

    def midway(self, command: Command, kind: Kind) -> None:
        """Let the command go on for a moment, then strike its deployer. It goes on without him."""
        command.machine.advance(MIDWAY_S)
        if kind is Kind.KILL_MIDWAY:
            self._die()
        self.interrupt()

    def interrupt(self) -> None:
        """A real signal: the deployer's own handler decides what it means.

        Never while the machine moves, or half a step of the host would be lost with it: the
        second thread leaves it to the next call of the first.
        """
        self._signal_owed = True
        self._pay_signal()

    def _pay_signal(self) -> None:
        if self._signal_owed and threading.current_thread() is threading.main_thread():
            self._signal_owed = False
            signal.raise_signal(signal.SIGTERM)

    def _freeze(self) -> None:
        for channel in self._host.channels:
            channel.beating = False
        self._machine.advance(FROZEN_S)
        for channel in self._host.channels:
            channel.beating = True

    def _break_idle_guard(self) -> None:
        for process in [p for p in self._machine.processes if p.is_guard]:
            self._break_guard(process)
        self._machine.advance(CALL_S)

    @contextmanager
    def without_handler(self) -> Iterator[None]:
        """Where the deployer has no handler of its own, SIGTERM ends its process at once."""

        def die(number: int, frame: object) -> None:
            if not self.dead:
                self._die()

        before = signal.signal(signal.SIGTERM, die)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
