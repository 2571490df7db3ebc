"""Plans, drift and history as a person reads them, and as `--json` tells them. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.sync.drift import Drift
    from pyhelpers.sync.model import Plan, Record

HISTORY_HEADINGS = ("at", "who", "action", "outcome", "release", "commit", "made anew", "reason")
COMMIT_LENGTH = 12


def headline(made: Plan) -> str:
    if not made.steps:
        return f"{made.target.host}: nothing to do, {made.target.digest} is there and serves"
    before = made.previous or "nothing"
    return f"{made.target.host}: {made.target.action} {before} → {made.target.digest}"


def plan_as_dict(made: Plan) -> dict[str, Any]:
    return {
        "host": made.target.host,
        "action": made.target.action,
        "from": made.previous,
        "to": made.target.digest,
        "commit": made.target.commit,
        "changed": list(made.changed),
        "create": list(made.create),
        "remove": list(made.remove),
        "warnings": list(made.warnings),
        "steps": [{"name": str(step.name), "what": step.what} for step in made.steps],
    }


def drift_as_dict(host: str, current: str, found: Sequence[Drift]) -> dict[str, Any]:
    return {
        "host": host,
        "current": current,
        "drift": [dataclasses.asdict(each) for each in found],
    }


def record_row(record: Record) -> tuple[str, ...]:
    return (
        record.at,
        record.who,
        record.action,
        record.outcome,
        record.digest,
        record.commit[:COMMIT_LENGTH],
        ", ".join(record.services),
        record.reason.splitlines()[0] if record.reason else "",
    )
