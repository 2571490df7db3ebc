"""The deploy itself. `STEPS` is the algorithm, a line a step; the plan says which of them apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy import start, watch
from pyhelpers.deploy.model import StepName
from pyhelpers.steps import timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhelpers.deploy.run import Run

# A drain and a stop are bounded by the guard; beyond that the engine itself hangs.
SLACK_S = 60.0


def execute(run: Run) -> None:
    """Do the plan's steps in order. What a step raises leaves the rest undone: see `settle`."""
    for step in run.plan.steps:
        if run.committed and run.detach:
            return
        with timed(run.show, step, run.seconds, run.clock.monotonic):
            if not run.committed:
                run.guard.enter(step.name)
            STEPS[step.name](run)


def switch(run: Run) -> None:
    plan = run.plan
    run.switch_s, run.switched_at = run.guard.switch(plan.live, plan.idle, fallback=plan.fallback)
    run.show.note(f"{plan.live or 'none'} → {plan.idle} in {run.switch_s * 1000:.1f} ms")


def commit(run: Run) -> None:
    run.guard.commit(run.proof(), run.plan.prune)
    run.committed = True


def drain(run: Run) -> None:
    """The guard does it; nothing in flight may be cut before `drain_s`."""
    told = run.guard.follow("drained", run.plan.target.service.drain_s + SLACK_S)
    drained_ms, cut = told.split()
    run.drain_s, run.cut = int(drained_ms) / 1000, None if cut == "?" else int(cut)
    if run.cut != 0:
        run.show.note(f"{run.cut_words} still in flight after {run.drain_s:g} s will be cut")


def stop_old(run: Run) -> None:
    service = run.plan.target.service
    word = "kept" if service.keep_warm else "stopped"
    run.guard.follow(word, service.stop_grace_s + SLACK_S)


def record(run: Run) -> None:
    run.guard.follow("bye", SLACK_S)


def clean_idle(run: Run) -> None:
    """A warm or left-over colour may still answer somebody: it is drained like any other."""
    service = run.plan.target.service
    run.guard.clean(run.plan.idle)
    run.guard.follow("cleaned", service.drain_s + service.stop_grace_s + SLACK_S)


STEPS: dict[StepName, Callable[[Run], None]] = {
    StepName.CLEAN: clean_idle,
    StepName.FETCH: start.fetch_image,
    StepName.HOOKS: start.run_hooks,
    StepName.START: start.start_idle,
    StepName.READY: watch.wait_ready,
    StepName.SWITCH: switch,
    StepName.VERIFY: watch.verify,
    StepName.BAKE: watch.bake,
    StepName.COMMIT: commit,
    StepName.DRAIN: drain,
    StepName.STOP: stop_old,
    StepName.RECORD: record,
}
