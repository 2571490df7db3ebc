"""Guards and machines with one rule broken on purpose: the invariants must notice each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.guard import MemoryGuard
from tests.model.shell import Shell
from tests.model.world import SERVICE, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tests.model.machine import Life
    from tests.model.room import Steps, Tries


class _NeverFlipsBack(MemoryGuard):
    def flip_back(self) -> Steps:
        yield from self.remove("intent")


class _MovesTheMarkerInTwoSteps(MemoryGuard):
    def rename_marker(self, old: str, new: str) -> Tries:
        yield "remove the old marker"
        self.disk.remove(self.marker(old))
        yield "write the new marker"
        return self.disk.write(self.marker(new), b"")


class _StopsTheOldColourAtTheSwitch(MemoryGuard):
    def switch(self, came_from: str, to: str, fallback: str) -> Steps:
        yield from super().switch(came_from, to, fallback)
        yield from self.stop(came_from, remove=True)


class _LivesOnWithoutItsDeployer(MemoryGuard):
    def _read(self) -> Any:
        self.deaf_s = 1e9
        while (line := (yield from super()._read())) is None:
            self.eof = False
        return line


class _CommitsNothingToTheDisk(MemoryGuard):
    def settle_commit(self) -> Steps:
        yield from self.remove("committed")


class _LeavesNoTraceOfAHook(Shell):
    """As `docker compose run --rm` would."""

    def _start_and_wait(self, name: str, start: Sequence[str]) -> Life:
        status = yield from super()._start_and_wait(name, start)
        self.machine.engine.remove([name], force=True)
        return status


class _RecreatesTheLiveColour(Shell):
    """As `docker compose up` without `--no-deps` did."""

    def _up(self, labels: tuple[str, str, str], key: str, replicas: int) -> Life:
        engine = self.machine.engine
        other = "blue" if labels[1] == "green" else "green"
        engine.stop([c.id for c in engine.of(SERVICE, other)], 1)
        return (yield from super()._up(labels, key, replicas))


class NeverFlipsBack(World):
    guard_class = _NeverFlipsBack


class MovesTheMarkerInTwoSteps(World):
    guard_class = _MovesTheMarkerInTwoSteps


class StopsTheOldColourAtTheSwitch(World):
    guard_class = _StopsTheOldColourAtTheSwitch


class LivesOnWithoutItsDeployer(World):
    guard_class = _LivesOnWithoutItsDeployer


class CommitsNothingToTheDisk(World):
    guard_class = _CommitsNothingToTheDisk


class LeavesNoTraceOfAHook(World):
    shell_class = _LeavesNoTraceOfAHook


class RecreatesTheLiveColour(World):
    shell_class = _RecreatesTheLiveColour
