"""What came of a command: its three lines, its words in the log, and whether it is what was wanted.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNEXPECTED = {"error": "it ended without saying why", "state": "see above", "try": ""}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result`: the object that the command printed, {} when it printed none."""

    name: str
    typed: str
    exit_code: int
    seconds: float
    result: Any

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "command": self.typed,
            "exit_code": self.exit_code,
            "seconds": self.seconds,
            "result": self.result,
        }


def of_dict(told: Mapping[str, Any]) -> Outcome:
    return Outcome(
        told["name"], told["command"], told["exit_code"], told["seconds"], told["result"]
    )


def trouble(outcome: Outcome) -> dict[str, str]:
    """`error`, `state` and `try` of an outcome that failed; of several hosts the first's."""
    result = outcome.result
    if isinstance(result, list):
        return _unread(result)
    failed = [each for each in result.get("hosts", []) if each.get("outcome") == "failed"]
    if failed:
        told: Mapping[str, Any] = failed[0]["result"] or UNEXPECTED
        served = ", ".join(f"{each['host']}: {each['label']}" for each in result["hosts"])
        return {
            "error": f"{failed[0]['host']}: {told['error']}",
            "state": served,
            "try": told["try"],
        }
    return {key: str(result.get(key, UNEXPECTED[key])) for key in UNEXPECTED}


def _unread(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    row = next(each for each in rows if each["problem"])
    return {
        "error": f"{row['host']}: {row['problem']}",
        "state": "nothing was changed",
        "try": f"protostar deploy doctor {row['host']}",
    }


def three_lines(told: Mapping[str, str]) -> str:
    """For Jenkins's `error`, which writes "ERROR: " before them itself."""
    first = told["error"].splitlines()[0]
    rest = [f"{label}: {told[key]}" for label, key in (("State", "state"), ("Try", "try"))]
    return "\n".join([first, *(line.replace("\n", " ") for line in rest if line[-2:] != ": ")])


def more(told: Mapping[str, str]) -> list[str]:
    """What belongs to the error and stands above the three lines: a container's last words."""
    return told["error"].splitlines()[1:]


def lines(outcome: Outcome) -> Iterator[str]:
    """What the log says of it; a deploy has said its steps already."""
    result = outcome.result
    if outcome.name in ("status", "verify"):
        yield from (_served(row) for row in result)
    elif outcome.name == "plan":
        for each in result.get("hosts", [result]):
            yield from _planned(each)
    elif outcome.name.startswith("sync-"):
        yield from _synced(result)


def _served(row: Mapping[str, Any]) -> str:
    if row["problem"]:
        return f"{row['service']} on {row['host']}: {row['problem']}"
    holder = f", {row['holder']['who']} is at work" if row["holder"] else ""
    what = f"{row['label']} (release {row['release']}) on {row['live']} since {row['since']}"
    return f"{row['service']} on {row['host']}: {what if row['live'] else 'nothing'}{holder}"


def _planned(plan: Mapping[str, Any]) -> Iterator[str]:
    host = f"{plan['host']}: " if "host" in plan else ""
    way = f"{plan['live'] or 'none'} → {plan['idle']}"
    yield f"{host}{plan['action']} {plan['label']} (release {plan['release']}), {way}"
    yield from (f"Warning: {warning}" for warning in plan["warnings"])
    if plan["nothing_to_do"]:
        yield "  nothing to do"
    yield from (f"  {step['name']:<14} {step['what']}" for step in plan["steps"])


def _synced(plan: Mapping[str, Any]) -> Iterator[str]:
    if not plan["steps"]:
        yield f"{plan['host']}: nothing to do, {plan['to']} is there"
        return
    yield f"{plan['host']}: {plan['from'] or 'nothing'} → {plan['to']}"
    yield from (f"  {name}" for name in plan["changed"])
    yield from (f"  {step['name']:<14} {step['what']}" for step in plan["steps"])


def unverified(wanted: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Why what serves is not what was deployed; "" when it is. `wanted`: the deploy's result."""
    goals = {each["host"]: each for each in wanted.get("hosts", [])}
    for row in rows:
        goal = goals.get(row["host"]) if goals else wanted
        if goal is None:
            continue
        if row["release"] != goal["release"]:
            return f"{row['host']} serves {row['label']} and not {goal['label']}"
        if not row["answers"]:
            return f"{row['host']}: {row['live']} does not answer"
    return ""
