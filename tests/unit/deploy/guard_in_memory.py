"""The guard's model on its memory machine, played by the same scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.model.engine import App
from tests.model.guard import MemoryGuard
from tests.model.machine import KILLED, Machine, Wait
from tests.unit.deploy.guard_table import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.model.machine import Life, Process

ROOT = "/srv"
PORT = "3000"
LIMIT_S = 60.0


class MemoryStage:
    def __init__(self, given: Mapping[str, Any]) -> None:
        self._machine = Machine()
        self._traffic = _Listed(given.get("connections", [[]]), given.get("in_flight", []))
        self._deaf_s = float(given.get("deaf_s", 30))
        self._guards: dict[str, tuple[MemoryGuard, Process]] = {}
        self._leftover: Process | None = None
        for name, told in given.get("containers", {}).items():
            self._create(name, told)
        for path, text in given.get("files", {}).items():
            self.put(path, text)

    def _create(self, name: str, told: Mapping[str, Any]) -> None:
        labels = (told.get("service", SERVICE), told["colour"], told["release"])
        made = self._machine.engine.create(name, labels, 0.0, App())
        del self._machine.engine.containers[made.id]
        made.id, made.address = name, told.get("address", "")
        made.running, made.stop_s = told.get("running", "yes") == "yes", told.get("stop_s", 0)
        self._machine.engine.containers[name] = made

    # --- what a script can do -------------------------------------------------------------------

    def start(self, name: str) -> None:
        guard = MemoryGuard(self._machine, ROOT, SERVICE, f"token-{name}", name)
        guard.deaf_s, guard.traffic = self._deaf_s, self._traffic
        pid = self._machine.new_pid()
        self._guards[name] = guard, self._machine.spawn(name, guard.life(pid), pid)
        self._machine.advance(0.01)

    def say(self, name: str, line: str) -> None:
        self._guards[name][0].inbox.append(line.replace("$PORT", PORT))
        self._machine.advance(0.01)

    def begin_to_say(self, name: str, text: str) -> None:
        """A line without its end is not in the inbox yet."""

    def heard(self, name: str) -> list[str]:
        return self._guards[name][0].lines

    def wait(self, name: str, done: Callable[[], bool]) -> bool:
        return self._machine.run_until(done, self._machine.now_s + LIMIT_S)

    def end_of_input(self, name: str) -> None:
        self._guards[name][0].eof = True
        self._machine.advance(0.01)

    def signal(self, name: str, word: str) -> None:
        process = self._guards[name][1]
        if word == "KILL":
            self._machine.kill(process, -9)
        else:
            self._machine.signal(process, word)

    def exit_of(self, name: str) -> int | None:
        return self._guards[name][1].status

    def pause(self, seconds: float) -> None:
        self._machine.advance(seconds)

    def put(self, path: str, text: str) -> None:
        self._machine.disk.put(f"{ROOT}/{path}", text.encode())

    def remove(self, path: str) -> None:
        self._machine.disk.remove(f"{ROOT}/{path}")

    def begin_leftover(self) -> None:
        pid = self._machine.new_pid()
        self._leftover = self._machine.spawn("leftover", self._hold_work(pid), pid)
        self._machine.advance(0.01)

    def _hold_work(self, pid: int) -> Life:
        self._machine.lock(f"{ROOT}/guard/{SERVICE}/work", pid, shared=True)
        yield Wait(1e12)
        return KILLED

    def end_leftover(self) -> None:
        assert self._leftover is not None
        self._machine.kill(self._leftover)

    def is_fenced_out(self, token: str) -> bool:
        first = self._machine.disk.text(f"{ROOT}/guard/{SERVICE}/owner").split("\n")[0]
        return first != f"token={token}"

    # --- what is left ---------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        paths = self._machine.disk.paths().items()
        return {path.removeprefix(f"{ROOT}/"): data.decode() for path, data in sorted(paths)}

    def docker(self) -> list[str]:
        return self._machine.engine.calls


class _Listed:
    """What the table says that each look finds; the last one stays."""

    def __init__(self, connections: list[list[str] | None], in_flight: list[int | None]) -> None:
        self._looks, self._jobs = list(connections), list(in_flight)

    def connections(self, addresses: list[str], port: int) -> int | None:
        rows = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if rows is None:
            return None
        open_to = [f"{address}:{port} {state}" for address in addresses for state in ("01", "02")]
        return sum(row in open_to for row in rows)

    def jobs_in_flight(self, address: str) -> int | None:
        return self._jobs.pop(0) if len(self._jobs) > 1 else self._jobs[0]
