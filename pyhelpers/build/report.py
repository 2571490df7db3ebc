"""What came of it, for people and for programs. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhelpers.build.model import Built, Plan


def headline(plan: Plan) -> str:
    commit = plan.source.short or "no commit"
    return f"{plan.service}: build {commit} with {plan.builder.name} ({plan.builder.driver})"


def commands(plan: Plan) -> list[str]:
    """As they could be typed."""
    return [shlex.join(step.argv) for step in plan.steps if step.argv]


def last_lines(built: Built) -> list[str]:
    """What a person wants to know, and the next command."""
    names = ", ".join(reference.rpartition(":")[2] for reference in built.plan.references)
    repository = built.plan.references[0].rpartition(":")[0]
    done = "Pushed" if built.plan.pushes else "Built"
    return [
        f"{done} {repository}: {names}",
        f"       {built.digest}",
        f"Next: protostar deploy run {built.plan.service} {built.version}",
    ]


def plan_as_dict(plan: Plan) -> dict[str, object]:
    return {
        "service": plan.service,
        "revision": plan.source.revision,
        "dirty": list(plan.source.changed),
        "references": list(plan.references),
        "pushed": plan.pushes,
        "builder": {"name": plan.builder.name, "driver": plan.builder.driver},
        "steps": [
            {"name": step.name, "what": step.what, "command": list(step.argv)}
            for step in plan.steps
        ],
        "warnings": list(plan.warnings),
    }


def built_as_dict(built: Built) -> dict[str, object]:
    """`version`: what `protostar deploy run SERVICE` takes."""
    return {
        **plan_as_dict(built.plan),
        "warnings": list(built.warnings),
        "digest": built.digest,
        "version": built.version,
        "seconds": built.seconds,
    }
