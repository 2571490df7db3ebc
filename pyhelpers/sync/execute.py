"""The sync itself. `STEPS` is the algorithm, a line a step; the plan says which of them apply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyhelpers.errors import PreflightError
from pyhelpers.steps import timed
from pyhelpers.sync import check, commands, history, plan, watch
from pyhelpers.sync.model import Record, StepName
from pyhelpers.sync.run import StepFailed, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhelpers.sync.run import Run

FILES_S, PULL_S, UP_S, STOP_S = 60.0, 1800.0, 600.0, 300.0


def execute(run: Run) -> None:
    """Do the plan's steps in order. What a step raises leaves the rest undone: see `settle`."""
    for step in run.plan.steps:
        with timed(run.show, step, run.seconds, run.clock.monotonic):
            run.lock.check()
            STEPS[step.name](run)


def check_it(run: Run) -> None:
    """Raises `ConfigurationError`, and leaves nothing of what it sent."""
    uploads = any(step.name is StepName.UPLOAD for step in run.plan.steps)
    digest = run.target.digest
    if not uploads:
        take(run, f"releases/{digest}")
        return
    check.send(run.host, run.target)
    try:
        take(run, f"incoming/{digest}")
    except BaseException:
        check.discard(run.host, run.target)
        raise


def take(run: Run, where: str) -> None:
    found = check.checked(run.host, run.target, where)
    run.model = found.model
    for warning in found.warnings:
        run.show.note(warning)


def upload(run: Run) -> None:
    run.must(commands.place(run.config, run.target.digest), FILES_S, "the release cannot be kept")


def fetch_images(run: Run) -> None:
    """Before anything is stopped: a registry that is down must cost nobody a request."""
    wanted = [run.model["services"].get(name, {}).get("image") for name in run.plan.create]
    images = sorted({str(image) for image in wanted if image})
    try:
        run.must(commands.fetch_images(images), PULL_S, "an image cannot be fetched")
    except StepFailed as wrong:
        raise PreflightError(
            error=wrong.error, try_=f"docker pull IMAGE, on {run.host.name}, then again"
        ) from None


def flip(run: Run) -> None:
    """The intent first: who comes after a kill knows that this was not finished."""
    intent = {
        "from": run.plan.previous,
        "to": run.target.digest,
        "who": run.who,
        "since": now(),
    }
    run.host.put(run.config / "applying", json.dumps(intent).encode() + b"\n")
    run.flipped = True
    run.must(commands.flip(run.config, run.target.digest), FILES_S, "config/current cannot be set")


def containers(run: Run) -> None:
    """Removed ones first: a new one may want their port."""
    gone = [each.id for each in run.found.containers if each.name in run.plan.remove]
    if gone:
        run.must(commands.remove_containers(gone), STOP_S, "a container cannot be removed")
    if run.plan.create:
        up = run.compose(*commands.UP, *run.plan.create)
        run.must(up, UP_S, "docker compose up")


def reload_nginx(run: Run) -> None:
    """Tested in the running container first: HUP says 0 on a broken configuration too."""
    for name in plan.nginx_to_reload(run.found, run.target, run.plan.create):
        before = watch.workers(run.host, name)
        run.must(commands.test_running(name), FILES_S, f"nginx in {name}")
        run.must(commands.hang_up(name), FILES_S, f"{name} cannot be told to reload")
        run.show.note(f"{name}: {len(before)} workers of before end when their clients have")


def verify(run: Run) -> None:
    """Raises `StepFailed` when it is not well within the deadline."""
    watch.until_well(run)
    watch.until_served(run)


def record(run: Run) -> None:
    """Then the intent goes: after a kill in between the next sync has only this to do."""
    keep_record(run, "done", run.target.digest)
    end_it(run)
    prune(run)


def keep_record(run: Run, outcome: str, current: str, reason: str = "") -> None:
    line = Record(
        at=now(),
        who=run.who,
        action=run.target.action,
        outcome=outcome,
        digest=run.target.digest,
        now=current,
        commit=run.target.commit,
        previous=run.plan.previous,
        reason=reason,
        services=run.plan.create,
        steps=run.seconds,
    )
    path = run.config / "history.jsonl"
    run.must(commands.append(path, history.line_of(line)), FILES_S, "the history cannot be written")


def end_it(run: Run) -> None:
    """What was begun is finished: nobody has to go on with it."""
    run.must(commands.remove(run.config / "applying"), FILES_S, "config/applying cannot be removed")


def prune(run: Run) -> None:
    records = (*run.found.history, _as_done(run))
    old = history.to_prune(records, run.found.kept, run.keep)
    paths = [run.config / "releases" / f"{each}{end}" for each in old for end in ("", ".tar")]
    if paths:
        run.must(commands.remove(*paths), FILES_S, "old releases cannot be removed")


def _as_done(run: Run) -> Record:
    digest = run.target.digest
    return Record("", run.who, run.target.action, "done", digest, digest)


STEPS: dict[StepName, Callable[[Run], None]] = {
    StepName.CHECK: check_it,
    StepName.UPLOAD: upload,
    StepName.FETCH: fetch_images,
    StepName.FLIP: flip,
    StepName.CONTAINERS: containers,
    StepName.RELOAD: reload_nginx,
    StepName.VERIFY: verify,
    StepName.RECORD: record,
}
