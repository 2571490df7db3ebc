"""Plans, results and states as plain data: what `--json` prints, and the tables. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy import history
from pyhelpers.deploy.commands import project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyhelpers.deploy.model import Facts, Plan, Record
    from pyhelpers.deploy.run import Result


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    return {
        "service": plan.target.name,
        "action": plan.target.action,
        "release": plan.target.release.id,
        "label": plan.target.release.label,
        "live": plan.live,
        "idle": plan.idle,
        "steps": [{"name": step.name, "what": step.what} for step in plan.steps],
        "warnings": list(plan.warnings),
        "nothing_to_do": not plan.steps,
    }


def result_as_dict(result: Result) -> dict[str, Any]:
    """`outcome` is done or unchanged; what failed comes as an error object instead."""
    told = plan_as_dict(result.plan)
    run = result.run
    if run is None:
        return {**told, "outcome": "unchanged", "exit_code": 0}
    return {
        **told,
        "outcome": "done",
        "exit_code": 0,
        "id": result.id,
        "seconds": run.seconds,
        "switch_s": run.switch_s,
        "switched_at": run.switched_at,
        "verdict": run.verdict,
        "drain_s": run.drain_s,
        "cut": run.cut,
        "detached": run.detach,
    }


def headline(plan: Plan) -> str:
    """What goes where, in a line."""
    target, release = plan.target, plan.target.release
    way = f"{plan.live or 'none'} → {plan.idle}"
    return f"{target.name}: {target.action} {release.label} (release {release.id}), {way}"


def summary(result: Result) -> str:
    """The last line of a run."""
    plan, run = result.plan, result.run
    if run is None:
        return (
            f"Nothing to do: {project(plan.target.name, plan.live or plan.idle)} serves "
            f"{plan.target.release.label} (release {plan.target.release.id})"
        )
    if not run.switched:
        return f"Done: {project(plan.target.name, plan.idle)} was left over and is stopped"
    served = f"{project(plan.target.name, plan.idle)} serves {plan.target.release.label}"
    told = [f"Done: {served}", f"switched in {run.switch_s * 1000:.1f} ms"]
    if run.verdict:
        told.append(f"bake: {run.verdict}")
    if run.detach:
        told.append("the host drains and stops the old colour")
    elif run.cut != 0:
        told.append(f"{run.cut_words} cut after {run.drain_s:g} s")
    return ", ".join(told)


def status_as_dict(
    name: str, host: str, facts: Facts, *, keep_warm: bool = False
) -> dict[str, Any]:
    record = history.live_record(facts.history, facts.live)
    newer = history.schema_is_newer(facts.history)
    return {
        "service": name,
        "host": host,
        "problem": None,
        "live": facts.live,
        "keep_warm": keep_warm,
        "markers": sorted(facts.markers),
        "release": record.release.id if record else None,
        "label": record.release.label if record else None,
        "since": record.at if record else None,
        "answers": bool(facts.live_answer and facts.live_answer.app),
        "colours": {
            colour: [
                {"name": c.name, "running": c.running, "release": c.release, "address": c.address}
                for c in facts.containers
                if c.colour == colour
            ]
            for colour in ("blue", "green")
        },
        "holder": None
        if facts.holder is None
        else {"who": facts.holder.who, "since": facts.holder.since, "step": facts.holder.step},
        "unfinished": list(facts.unfinished) if facts.unfinished else None,
        "schema_newer_than_code": newer.release.id if newer else None,
    }


def unknown_as_dict(name: str, host: str, problem: str) -> dict[str, Any]:
    """The status of a service on a host that cannot be asked."""
    unknown = dict.fromkeys(("live", "release", "label", "since", "answers"))
    return {"service": name, "host": host, "problem": problem, **unknown}


STATUS_HEADINGS = ("service", "host", "live", "release", "since", "blue", "green", "note")


def status_row(told: dict[str, Any]) -> list[object]:
    if told["problem"] is not None:
        problem = told["problem"].splitlines()[0]
        return [told["service"], told["host"], "?", "-", "-", "-", "-", problem]
    release = f"{told['label']} ({told['release']})" if told["release"] else "-"
    cells = [_cell(told["colours"][colour]) for colour in ("blue", "green")]
    live = told["live"] or "+".join(told["markers"]) or "none"
    return [told["service"], told["host"], live, release, told["since"] or "-", *cells, _note(told)]


def _cell(containers: list[dict[str, Any]]) -> str:
    running = sum(1 for c in containers if c["running"])
    return f"{running} running" if containers else "-"


def _left_running(told: dict[str, Any]) -> bool:
    idle = "green" if told["live"] == "blue" else "blue"
    running = any(c["running"] for c in told["colours"][idle])
    return bool(told["live"]) and running and not told["holder"] and not told["keep_warm"]


def _note(told: dict[str, Any]) -> str:
    notes = []
    if told["holder"]:
        notes.append(f"{told['holder']['who']} is at: {told['holder']['step']}")
    if told["unfinished"] and not told["holder"]:
        notes.append("unfinished switch: the next deploy flips it back")
    if _left_running(told):
        notes.append("the idle colour is left running: the same deploy again stops it")
    if told["live"] and not told["answers"]:
        notes.append("does not answer")
    if told["schema_newer_than_code"]:
        notes.append(f"old code on the newer schema of {told['schema_newer_than_code']}")
    return "; ".join(notes)


HISTORY_HEADINGS = (
    "when",
    "host",
    "action",
    "release",
    "colour",
    "outcome",
    "who",
    "seconds",
    "why",
)


def merged(histories: Mapping[str, Sequence[Record]]) -> list[tuple[str, Record]]:
    """The records of all hosts, each with its host, oldest first."""
    every = [(host, record) for host, records in histories.items() for record in records]
    return sorted(every, key=lambda each: each[1].at)


def record_as_dict(host: str, record: Record) -> dict[str, Any]:
    return {"host": host, **dataclasses.asdict(record)}


def record_row(host: str, record: Record) -> list[object]:
    seconds = sum(record.steps.values()) + (record.drain_s or 0)
    release = f"{record.release.label} ({record.release.id})"
    return [
        record.at,
        host,
        record.action,
        release,
        record.colour,
        record.outcome,
        record.who,
        f"{seconds:.1f}",
        record.reason or record.verdict,
    ]
