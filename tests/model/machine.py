"""A machine in memory: its time, its disk, its locks, and the processes that run on it.

A process is a generator. It yields a word before each thing that it does to the machine, where
it can be killed, and a `Wait` where it waits. Time passes only when everybody waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.model.disk import Disk
from tests.model.engine import Engine

BOOT_S = 1_800_000_000.0
KILLED = 137


def never() -> bool:
    return False


@dataclass(slots=True)
class Wait:
    """Until `ready` says yes, or until the machine's clock shows `until`."""

    until: float
    ready: Callable[[], bool] = never


# Yields the name of what it does next, or a Wait; hears whether `ready` came before the time.
Life: TypeAlias = Generator[str | Wait, bool, int]


class Signalled(Exception):
    """Thrown into a process that has a trap for it."""


@dataclass(slots=True)
class Process:
    pid: int
    name: str
    life: Life
    is_guard: bool = False
    begun: bool = False
    waits: Wait | None = None
    status: int | None = None
    signals: list[Signalled] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        return self.status is None


class Machine:
    """`watcher` hears of every step of every process, before it: where tests kill and look."""

    def __init__(self) -> None:
        self.now_s = BOOT_S
        # Of a deployer's threads, and those that outlive it, one at a time moves this machine.
        self.turn = threading.RLock()
        self.disk = Disk()
        self.engine = Engine()
        self.processes: list[Process] = []
        self.locks: dict[str, dict[int, bool]] = {}
        self.watcher: Callable[[Process, str], None] = lambda process, step: None
        self.steps = 0
        self._last_pid = 100

    # --- locks: flock(2), shared or exclusive, gone with the process ----------------------------

    def lock(self, path: str, pid: int, *, shared: bool) -> bool:
        """False when another holds it in a way that forbids this."""
        held = self.locks.setdefault(path, {})
        if any(other != pid and not (shared and theirs) for other, theirs in held.items()):
            return False
        held[pid] = shared
        self.disk.append(path, b"")
        return True

    def unlock(self, path: str, pid: int) -> None:
        self.locks.get(path, {}).pop(pid, None)

    def inherit(self, parent: int, child: int) -> None:
        """Open files, and the locks on them, are shared with a child until both have ended."""
        for held in self.locks.values():
            if parent in held:
                held[child] = held[parent]

    def free(self, path: str, pid: int, *, shared: bool) -> Callable[[], bool]:
        """For a `Wait`: takes the lock as soon as it can be had."""
        return lambda: self.lock(path, pid, shared=shared)

    # --- processes ------------------------------------------------------------------------------

    def new_pid(self) -> int:
        self._last_pid += 1
        return self._last_pid

    def spawn(
        self, name: str, life: Life, pid: int | None = None, *, is_guard: bool = False
    ) -> Process:
        process = Process(pid or self.new_pid(), name, life, is_guard)
        self.processes.append(process)
        return process

    def kill(self, process: Process, status: int = KILLED) -> None:
        if process.alive:
            process.life.close()
            self._end(process, status)

    def signal(self, process: Process, word: str) -> None:
        """A signal that the process has a trap for; it hears it between two steps."""
        process.signals.append(Signalled(word))

    def _end(self, process: Process, status: int) -> None:
        process.status = status
        self.processes.remove(process)
        for held in self.locks.values():
            held.pop(process.pid, None)

    def _step(self, process: Process, *, came: bool) -> None:
        """Go on until the process waits or ends."""
        process.waits = None
        while process.alive and process.waits is None:
            try:
                happened = _resume(process, came=came)
            except StopIteration as end:
                self._end(process, end.value)
                return
            if isinstance(happened, Wait):
                process.waits = happened
            else:
                self.steps += 1
                self.watcher(process, happened)
            came = True

    # --- time -----------------------------------------------------------------------------------

    def _runnable(self) -> tuple[Process, bool] | None:
        for process in self.processes:
            waits = process.waits
            if waits is None or process.signals or waits.ready():
                return process, True
            if waits.until <= self.now_s:
                return process, False
        return None

    def run_until(self, done: Callable[[], bool], until: float) -> bool:
        """Let time pass until `done`, or until `until`. Whether it was done."""
        with self.turn:
            return self._run_until(done, until)

    def _run_until(self, done: Callable[[], bool], until: float) -> bool:
        while not done():
            found = self._runnable()
            if found is not None:
                self._step(found[0], came=found[1])
                continue
            next_s = min((p.waits.until for p in self.processes if p.waits), default=until)
            if next_s > until or self.now_s >= until:
                self.now_s = max(self.now_s, until)
                return done()
            self.now_s = max(self.now_s, next_s)
        return True

    def advance(self, seconds: float) -> None:
        self.run_until(never, self.now_s + seconds)

    def power_cut(self, *, lose: bool) -> None:
        """Every process is gone; the engine starts what has a restart policy, as at every boot."""
        for process in list(self.processes):
            self.kill(process)
        self.disk.power_cut(lose=lose)
        self.engine.boot(self.now_s)


def _resume(process: Process, *, came: bool) -> str | Wait:
    if process.begun and process.signals:
        return process.life.throw(process.signals.pop(0))
    if process.begun:
        return process.life.send(came)
    process.begun = True
    return next(process.life)
