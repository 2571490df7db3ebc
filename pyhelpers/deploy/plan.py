"""Facts and a target → the steps. Pure; `plan` prints what this returns, `run` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy import history, preflight
from pyhelpers.deploy.commands import project
from pyhelpers.deploy.model import Colour, Plan, Step, StepName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.deploy.model import Facts, Target


def make_plan(facts: Facts, target: Target) -> Plan:
    """The steps from the facts to the target; none when the target is what is there.

    Raises the `ProtostarError` of the first preflight check that refuses.
    """
    preflight.check(facts, target)
    live = _live_after_settling(facts)
    idle = live.other if live is not None else Colour.BLUE
    steps = tuple(
        _tidy(facts, target, idle)
        if _reached(facts, target, live)
        else _steps(facts, target, live, idle)
    )
    if any(step.name is StepName.START for step in steps):
        preflight.check_room(facts, target)
    return Plan(
        target=target,
        live=live,
        idle=idle,
        steps=steps,
        warnings=tuple(_warnings(facts, target, live)),
        fallback=live is not None and _answers(facts),
        prune=_prune(facts, target),
        pull=facts.image is not None and not facts.image.present,
        image=facts.image,
    )


def _live_after_settling(facts: Facts) -> Colour | None:
    """The guard first undoes the switch that a dead deployer has left without a commit."""
    if facts.unfinished is None or facts.holder is not None:
        return facts.live
    came_from, went_to = facts.unfinished
    undone = facts.live == went_to and came_from != "none" and facts.running(Colour(came_from))
    return Colour(came_from) if undone else facts.live


def _answers(facts: Facts) -> bool:
    return facts.live_answer is not None and facts.live_answer.app


def _reached(facts: Facts, target: Target, live: Colour | None) -> bool:
    record = history.live_record(facts.history, live)
    serving = [c for c in facts.running(live) if c.release == target.release.id]
    adopted = record is not None and record.outcome == "adopted"
    return (
        record is not None
        and record.release.id == target.release.id
        and (adopted or len(serving) == target.service.replicas)
        and _answers(facts)
        and live == facts.live
    )


def _tidy(facts: Facts, target: Target, idle: Colour) -> Iterator[Step]:
    """The release is there already; a colour left over from a cut-off deploy is not wanted."""
    if not target.service.keep_warm:
        yield from _clean(facts, target, idle)


def _clean(facts: Facts, target: Target, idle: Colour) -> Iterator[Step]:
    """A warm or left-over colour may still hold somebody's WebSocket: it is drained, not killed."""
    if facts.running(idle):
        yield Step(StepName.CLEAN, f"drain and stop what runs in {project(target.name, idle)}")


def _steps(facts: Facts, target: Target, live: Colour | None, idle: Colour) -> Iterator[Step]:
    service = target.service
    idle_project = project(target.name, idle)
    if not is_warm(facts, target, idle):
        yield from _clean(facts, target, idle)
        yield from _start(facts, target, idle)
    replicas = f"{service.replicas} replica{'s' if service.replicas > 1 else ''}"
    yield Step(
        StepName.READY,
        f"{service.ready.path} of {idle_project} through the gateway, {replicas}, "
        f"within {service.ready.timeout_s:g} s",
    )
    yield Step(StepName.SWITCH, f"rename the marker {live or 'none'} → {idle}")
    yield Step(StepName.VERIFY, f"{service.verify.answers} answers in a row from {idle}")
    if service.bake.for_s > 0:
        limit = f"{service.bake.max_5xx_percent:g} %"
        failed = "failed jobs" if service.kind == "worker" else "5xx"
        yield Step(StepName.BAKE, f"watch {service.bake.for_s:g} s, at most {limit} {failed}")
    yield Step(StepName.COMMIT, "from here on nobody flips back; the host finishes alone")
    if live is not None and facts.of(live):
        yield from _retire(target, live)
    yield Step(StepName.RECORD, "a line in the history, old releases pruned, lock released")


def is_warm(facts: Facts, target: Target, idle: Colour) -> bool:
    """The idle colour already runs the wanted release in full: only the marker has to move."""
    running = facts.running(idle)
    wanted = target.service.replicas
    return len(running) == wanted and all(c.release == target.release.id for c in running)


def _start(facts: Facts, target: Target, idle: Colour) -> Iterator[Step]:
    service, image = target.service, facts.image
    way = "is here" if image is None or image.present else image.way
    yield Step(StepName.FETCH, f"{target.release.label}: {way}")
    if target.action == "deploy" and service.before_switch:
        commands = ", ".join(" ".join(argv) for argv in service.before_switch)
        yield Step(StepName.HOOKS, f"once, in a container of {target.release.id}: {commands}")
    yield Step(
        StepName.START,
        f"{project(target.name, idle)}: {service.replicas} × {target.release.id}",
    )


def _retire(target: Target, live: Colour) -> Iterator[Step]:
    if target.service.keep_warm:
        yield Step(StepName.STOP, f"none: {project(target.name, live)} stays warm")
        return
    if target.service.drain_s > 0:
        what = "job or connection" if target.service.kind == "worker" else "connection"
        yield Step(
            StepName.DRAIN, f"until {live} has no {what}, at most {target.service.drain_s:g} s"
        )
    yield Step(StepName.STOP, f"SIGTERM to {project(target.name, live)}, then remove it")


def _warnings(facts: Facts, target: Target, live: Colour | None) -> Iterator[str]:
    if facts.unfinished is not None and live != facts.live:
        yield f"an unfinished switch will be flipped back first: {facts.live} → {live}"
    if live is None and any(record.good for record in facts.history):
        yield "there is a history but no marker, and nothing runs: this is a first deploy again"
    if live is not None and not _answers(facts):
        yield f"{project(target.name, live)} does not answer: nothing to flip back to"
    elif live is not None and facts.live_answer is not None and not facts.live_answer.ok:
        yield f"{project(target.name, live)} answers {facts.live_answer.status}: it is not well"
    if target.action == "rollback" and history.hooks_since(facts.history, target.release.id):
        yield "the schema is not rolled back: the older code runs on the newer schema"


def _prune(facts: Facts, target: Target) -> tuple[str, ...]:
    in_use = {c.release for c in facts.containers if c.running} | {target.release.id}
    keep = target.service.keep_releases
    unwanted = history.to_prune(facts.kept_releases, facts.history, in_use, keep)
    images = {record.release.id: record.release.image for record in facts.history}
    images[target.release.id] = target.release.image
    kept = {images.get(release) for release in {*facts.kept_releases, *in_use} - set(unwanted)}
    return tuple(_with_reference(release, images.get(release, ""), kept) for release in unwanted)


def _with_reference(release: str, image: str, kept: set[str | None]) -> str:
    """A pulled image keeps its digest reference beside our tag: both must go to free the disk.

    Not while another release of the same image is kept. A tunnel leaves no such reference.
    """
    return f"{release}={image}" if "@" in image and image not in kept else release
