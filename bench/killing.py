"""One kill of the deployer, and what must be true afterwards."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.engine import CHECKOUT, COMMAND_S, docker
from bench.output import note
from bench.settling import Look, expected, last_begun, settled_after_s
from bench.stage import last_record
from bench.watching import lines_until
from pyhelpers.deploy.model import Colour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.installation import Installation
    from bench.load import Event

BACK_S = 10.0
# The host drains and stops alone before it lets the lock go.
FREE_S = 60.0
LOOK_S = 0.005
BAD_VERSION = "v4"
FLIPPED_BACK, SERVER_ERROR = 7, 500


@dataclass(slots=True)
class Case:
    """One kill: the step and version that it was meant for, and what was found after it."""

    step: str
    version: str
    looks: list[Look] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    back_s: float | None = None
    lock_left: bool = False

    @property
    def bad(self) -> bool:
        return self.version == BAD_VERSION


class Bad(NamedTuple):
    """A deploy of the bad version: until its flip-back its 500s are its own (epoch seconds)."""

    release: str
    began_s: float
    flipped_at_s: float

    @classmethod
    def of(cls, record: Mapping[str, Any], began_s: float) -> Bad:
        return cls(record["release"]["id"], began_s, float(record.get("flipped_at", began_s)))

    def owns(self, event: Event) -> bool:
        in_time = self.began_s <= event.started_s < self.flipped_at_s
        return in_time and event.release == self.release and event.status == SERVER_ERROR


@dataclass(slots=True)
class Scene:
    """Where it happens: the installation, the plan's steps with their seconds, what was seen."""

    place: Installation
    name: str
    seconds: dict[str, float]
    cases: list[Case] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    colours_max: int = 0

    @property
    def steps(self) -> list[str]:
        return list(self.seconds)

    def live(self) -> str:
        return self.place.live(self.name)

    def record(self) -> dict[str, Any]:
        return last_record(self.place, self.name)

    def serving(self) -> str:
        """The version that the last good deploy brought."""
        good = [r for r in self.place.history(self.name) if r["outcome"] == "done"]
        return str(good[-1]["release"]["label"])

    def count(self) -> None:
        self.colours_max = max(self.colours_max, len(self.place.containers(self.name)))


def kill(scene: Scene, case: Case, delay_s: float) -> None:
    """Kill it so long after the step has begun, and look what becomes of it with nobody's help."""
    _forget_hooks(scene.name)
    old, began_s = scene.live(), time.time()
    begun = _killed(scene, case, delay_s)
    if not begun:
        note(f"{case.version} had ended before the kill in `{case.step}`")
        return
    killed_s = time.monotonic()
    scene.cases.append(case)
    case.lock_left = not _watch_until_free(scene, case)
    right = _right(old, expected(scene.steps, begun, scene.record()["outcome"]))
    if right == old:
        case.back_s = settled_after_s(case.looks, right, killed_s)
    _judge(scene, case, right)
    if case.bad:
        scene.bad.append(Bad.of(scene.record(), began_s))
    _tell(case, begun, delay_s)


def again(scene: Scene, case: Case, old: str) -> None:
    """The same command, and once more. A bad version is flipped back by its bake now."""
    known, began_s = len(case.problems), time.time()
    if case.bad:
        _must_end(scene, case, FLIPPED_BACK)
        scene.bad.append(Bad.of(scene.record(), began_s))
        _judge(scene, case, old)
    else:
        _must_end(scene, case, 0)
        if _must_end(scene, case, 0).get("outcome") != "unchanged":
            case.problems.append("the third time it found something to do")
        _judge(scene, case, str(scene.record()["colour"]))
    if scene.record()["release"]["label"] != case.version:
        case.problems.append("the last record is of another version")
    for problem in case.problems[known:]:
        note(f"  WRONG, again: {problem}")


def _right(old: str, which: str) -> str:
    return old if which == "old" else str(Colour(old).other)


def _forget_hooks(name: str) -> None:
    """A hook runs once a release: without its container it runs in every deploy."""
    service = f"label=org.protostar.service={name}"
    oneoff = "label=com.docker.compose.oneoff=True"
    ids = docker("ps", "-aq", "--filter", service, "--filter", oneoff).split()
    if ids:
        docker("rm", "-f", *ids)


# --- the kill -------------------------------------------------------------------------------------


def _killed(scene: Scene, case: Case, delay_s: float) -> str:
    """The step that the deployer was at when it was killed; "" when it had ended before."""
    process = subprocess.Popen(
        scene.place.argv("run", scene.name, case.version),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
    )
    late = threading.Timer(COMMAND_S, process.kill)
    late.start()
    try:
        said = lines_until(process, f"→ {case.step} ")
        time.sleep(delay_s)
        alive = process.poll() is None
    finally:
        process.kill()
        late.cancel()
    rest, _ = process.communicate()
    return last_begun(scene.steps, [*said, *rest.splitlines()]) if alive else ""


def _watch_until_free(scene: Scene, case: Case) -> bool:
    """Look at the marker until the guard has let the lock go. False when it never does."""
    until = time.monotonic() + FREE_S
    while time.monotonic() < until:
        for _ in range(20):
            case.looks.append(Look(time.monotonic(), scene.live()))
            time.sleep(LOOK_S)
        if not scene.place.locked(scene.name):
            return True
    return False


# --- what must be true afterwards -----------------------------------------------------------------


def _judge(scene: Scene, case: Case, right: str) -> None:
    live, running = scene.live(), scene.place.containers(scene.name)
    if live != right:
        case.problems.append(f"live is {live or 'none'}, not {right}")
    if len(running) != 1 or not running[0].startswith(f"{scene.name}-{right}-"):
        case.problems.append(f"running are {', '.join(running) or 'none'}")
    if scene.place.locked(scene.name):
        case.problems.append("the lock is held")
    if case.back_s is not None and case.back_s > BACK_S:
        case.problems.append(f"the old colour was back after {case.back_s:.1f} s")


def _must_end(scene: Scene, case: Case, code: int) -> dict[str, Any]:
    done = scene.place.deploy("run", scene.name, case.version, "--json")
    if done.code != code:
        case.problems.append(f"it ended with {done.code}: {done.out}{done.err}")
    told: dict[str, Any] = done.told if done.out else {}
    return told


def _tell(case: Case, begun: str, delay_s: float) -> None:
    back = "" if case.back_s is None else f", the old colour stands after {case.back_s:.2f} s"
    wrong = f" WRONG: {'; '.join(case.problems)}" if case.problems else ""
    note(f"{case.version} killed {delay_s:.2f} s into `{case.step}` (at {begun}){back}{wrong}")
