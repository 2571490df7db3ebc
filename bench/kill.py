"""`script/bench kill`: SIGKILL of the deployer at each of its steps, under load.

After each kill nobody helps until the marker stands where it must and the lock is free. Then the
same command is run again, and a third time, which must find nothing to do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.every import Every
from bench.killing import BAD_VERSION, Case, Scene, again, kill
from bench.load import Options
from bench.output import BenchError, Figure
from bench.stage import installation, run, still_loading, under_load

if TYPE_CHECKING:
    from bench.installation import Installation
    from bench.load import Result
    from bench.output import Value

ROUNDS = 2
COUNT_S = 0.3
SETTINGS: dict[str, Any] = {
    "drain_s": 20,
    "bake": {"for_s": 2, "max_5xx_percent": 1.0, "min_errors": 5},
    "ready": {"timeout_s": 10},
    "before_switch": [["python3", "-m", "app.migrate"]],
}
# So blind that only the guard can save the day when the deployer is killed beside version 4.
BLIND_BAKE = {"for_s": 30, "max_5xx_percent": 100.0, "min_errors": 5}
BLIND_S = 1.0

FIGURES = (
    Figure("kills", "SIGKILLs of the deployer, at each step's start and in its midst"),
    Figure("failed", "requests that failed, version 4's own 500s left out", most=0),
    Figure("locks_left", "kills after which the lock was not free again", most=0),
    Figure(
        "converged", "kills after which all was right: alone, again, a third time", same_as="kills"
    ),
    Figure("colours_max", "containers of the service at once, one a colour", most=2),
    Figure("uncommitted_back_s_max", "killed before the commit, until the old is live", most=10),
    Figure("requests", "requests meanwhile"),
    Figure("v4_own_500s", "version 4's own errors until its flip"),
)


def measure(rounds: int | None) -> dict[str, Value]:
    """`rounds`: kills at each step, spread over the step's time."""
    number = rounds or ROUNDS
    with installation({"MIGRATE_S": "0.3"}, **SETTINGS) as (place, name):
        run(place, name, "run", "v1")
        scene = Scene(place, name, _undisturbed(place, name))
        # Slow ones shorter than in `deploy`: a drain waits for them, and there are many drains.
        slow = {"slow_per_s": 2, "slow_s": 1.5, "uploads_per_s": 1, "upload_s": 1.5}
        with under_load(Options(url=place.url, rate=120, seconds=3600, **slow)) as load:  # type: ignore[arg-type] # the counts are not in it
            with Every(COUNT_S, scene.count):
                for i in range(number):
                    _round(scene, share=i / number)
                    still_loading(load)
            result = load.stop()
    return figures(scene, result)


def _undisturbed(place: Installation, name: str) -> dict[str, float]:
    """The steps of a deploy, and how long each takes."""
    done = place.deploy("run", name, "v2", "--json")
    if done.code:
        raise BenchError(f"the first deploy of v2 ended with {done.code}: {done.err}")
    seconds: dict[str, float] = json.loads(done.out)["seconds"]
    return seconds


def _round(scene: Scene, share: float) -> None:
    """One kill a step, `share` of its usual time after it began; then version 4 in its bake."""
    for step, seconds in scene.seconds.items():
        version = "v1" if scene.serving() == "v2" else "v2"
        _case(scene, Case(step, version), share * seconds)
    scene.place.set(scene.name, bake=BLIND_BAKE)
    _case(scene, Case("bake", BAD_VERSION), BLIND_S)


def _case(scene: Scene, case: Case, delay_s: float) -> None:
    old = scene.live()
    kill(scene, case, delay_s)
    scene.place.set(scene.name, bake=SETTINGS["bake"])
    again(scene, case, old)


def figures(scene: Scene, result: Result) -> dict[str, Value]:
    own = sum(any(bad.owns(event) for bad in scene.bad) for event in result.events)
    return {
        "kills": len(scene.cases),
        "failed": sum(e.failure is not None for e in result.events) - own,
        "locks_left": sum(case.lock_left for case in scene.cases),
        "converged": sum(not case.problems for case in scene.cases),
        "colours_max": scene.colours_max,
        "uncommitted_back_s_max": max((c.back_s or 0.0 for c in scene.cases), default=0.0),
        "requests": len(result.events),
        "v4_own_500s": own,
    }
