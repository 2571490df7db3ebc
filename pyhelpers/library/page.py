"""What people see of a build: the description on its page, and the report that is kept. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from pyhelpers.library.outcome import lines, trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyhelpers.library.outcome import Outcome

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h2 { margin: 2rem 0 .5rem } .failed { color: #b00020 } .done { color: #1b6e3c }
pre { background: #f4f4f5; padding: .8rem 1rem; overflow-x: auto; border-radius: 6px }
code { color: #444 } dt { font-weight: 600 }
"""


def as_dict(service: str, build: Mapping[str, Any], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {"service": service, "build": build, "stages": [each.as_dict() for each in outcomes]}


def description(outcomes: Sequence[Outcome], dashboard: str) -> str:
    """HTML for Jenkins's "Safe HTML": the last word of a build, and where to look."""
    told = [escape(summary(outcomes[-1])) if outcomes else ""]
    deployed = [each for each in outcomes if each.name in ("deploy", "rollback")]
    if deployed and deployed[-1] is not outcomes[-1] and not outcomes[-1].exit_code:
        told = [escape(summary(deployed[-1]))]
    if dashboard:
        told.append(f'<a href="{escape(dashboard)}">dashboard</a>')
    return "<br>".join(told)


def summary(outcome: Outcome) -> str:
    """In a line."""
    if outcome.exit_code:
        told = trouble(outcome)
        return f"{outcome.name}: {told['error'].splitlines()[0]} ({told['state']})"
    result = outcome.result
    if outcome.name in ("deploy", "rollback"):
        return _brought(result)
    if outcome.name == "build":
        return f"{result.get('service', '')}: built {result.get('version', '')}"
    return next(iter(lines(outcome)), outcome.name)


def _brought(result: Mapping[str, Any]) -> str:
    if "hosts" in result:
        each = ", ".join(f"{host['host']}: {host['label']}" for host in result["hosts"])
        return f"{result['service']}: {each}"
    if result["outcome"] == "ended":
        return f"the deploy of {result['ended']} was ended, {result['live']} serves"
    what = f"{result['label']} (release {result['release']})"
    if result["outcome"] == "unchanged":
        return f"{result['service']}: {what} serves already"
    verdict = f", bake: {result['verdict']}" if result.get("verdict") else ""
    return f"{result['service']}: {what} serves on {result['idle']}{verdict}"


def html(service: str, build: Mapping[str, Any], outcomes: Sequence[Outcome]) -> str:
    title = escape(f"{service or 'Protostar'} · {build['job']} #{build['number']}")
    parts = "".join(_section(each) for each in outcomes)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1>{parts}</html>\n"
    )


def _section(outcome: Outcome) -> str:
    state = "failed" if outcome.exit_code else "done"
    body = _trouble(outcome) if outcome.exit_code else _lines(outcome)
    return (
        f'<h2 class="{state}">{escape(outcome.name)}: {state}, {outcome.seconds:.1f} s</h2>'
        f"<p><code>{escape(outcome.typed)}</code></p>{body}"
    )


def _trouble(outcome: Outcome) -> str:
    told = trouble(outcome)
    return (
        "<dl>"
        + "".join(
            f"<dt>{label}</dt><dd><pre>{escape(told[label.lower()])}</pre></dd>"
            for label in ("Error", "State", "Try")
        )
        + "</dl>"
    )


def _lines(outcome: Outcome) -> str:
    told = "\n".join(lines(outcome)) or summary(outcome)
    return f"<pre>{escape(told)}</pre>"
