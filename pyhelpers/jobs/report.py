"""A plan for a person, and as one object. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.jobs.plan import Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.jobs.looking import Outlook
    from pyhelpers.jobs.plan import Action, Plan

_SIGNS = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.DISABLE: "-", Verb.DELETE: "-"}


def headline(outlook: Outlook) -> str:
    """One line: how much there is to do."""
    counts = {verb: _count(outlook.plan, verb) for verb in Verb}
    told = ", ".join(f"{number} to {verb}" for verb, number in counts.items() if number)
    return f"{outlook.installation}: {told or 'nothing to do'}"


def _count(plan: Plan, verb: Verb) -> int:
    return sum(action.verb is verb for action in plan.actions)


def lines(plan: Plan) -> Iterator[str]:
    """A line for each action, and one for each option that it changes."""
    for action in plan.actions:
        yield f"{_SIGNS[action.verb]} {action.verb} {action.kind} {action.name}"
        yield from (f"    {line}" for line in action.lines)
    for kept in plan.kept:
        yield f"  keep {kept.name}: {kept.words}" + (f" ({kept.try_})" if kept.try_ else "")


def warnings(outlook: Outlook) -> list[str]:
    """Also what `apply` leaves alone, though it is ours."""
    left = outlook.plan.unwanted
    told = [] if outlook.plan.kept or not left else _left(outlook.plan)
    return [*outlook.warnings, *told]


def _left(plan: Plan) -> list[str]:
    going = {action.name for action in plan.actions}
    names = [name for name in plan.unwanted if name not in going]
    return [f"no longer declared: {', '.join(names)}; see protostar jobs prune"] if names else []


def as_dict(outlook: Outlook) -> dict[str, object]:
    """A documented contract: see docs/jobs.md."""
    plan = outlook.plan
    return {
        "installation": outlook.installation,
        "actions": [_action(action) for action in plan.actions],
        "refused": {each.name: each.words for each in plan.refusals},
        "unwanted": list(plan.unwanted),
        "kept": {each.name: each.words for each in plan.kept},
        "problems": list(outlook.problems),
        "warnings": list(outlook.warnings),
    }


def _action(action: Action) -> dict[str, object]:
    return {
        "verb": str(action.verb),
        "kind": str(action.kind),
        "name": action.name,
        "lines": list(action.lines),
    }
