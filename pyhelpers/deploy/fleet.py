"""Several hosts for one service: whose turn it is, who is left, what is told at the end. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyhelpers.errors import NOTHING_CHANGED, Exit, Interrupted, PreflightError, ProtostarError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pyhelpers.deploy.model import Colour, Record, Release

DONE, UNCHANGED, ENDED = "done", "unchanged", "ended"
FAILED, NOT_TRIED = "failed", "not tried"


@dataclass(frozen=True, slots=True)
class Serving:
    """What a host serves: its one live colour, and the record that made it live, if one did."""

    colour: Colour | None
    record: Record | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one host. `told` is the object that a deploy to it alone prints."""

    word: str
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.word == FAILED


def outcome_of(told: Mapping[str, Any]) -> Outcome:
    """From the object that a deploy to one host prints."""
    return Outcome(FAILED if "error" in told else str(told["outcome"]), told)


# --- the order ----------------------------------------------------------------------------------


def next_hosts(
    order: Sequence[str], tried: Mapping[str, Outcome], under_way: Collection[str], at_once: int
) -> tuple[str, ...]:
    """Who begins now. After a failure nobody does; who is under way finishes."""
    if any(outcome.failed for outcome in tried.values()):
        return ()
    waiting = [host for host in order if host not in tried and host not in under_way]
    return tuple(waiting[: max(0, at_once - len(under_way))])


def left(wanted: Mapping[str, Release], serving: Mapping[str, Serving]) -> tuple[str, ...]:
    """The hosts that do not serve what is wanted of them, in their order."""
    return tuple(host for host, release in wanted.items() if not _serves(serving[host], release))


def _serves(serving: Serving, wanted: Release) -> bool:
    return serving.record is not None and serving.record.release.id == wanted.id


def child(python: str, words: Sequence[str], host: str) -> list[str]:
    """The deploy to one host, as a process of its own: no secret is among the words."""
    # -P: not the modules that lie in the current folder.
    program = [python, "-P", "-m", "pyhelpers.deploy"]
    return [*program, *words, "--host", host, "--json", "--steps"]


# --- one release for all ------------------------------------------------------------------------


def identity(release: Release, *, one_root: bool) -> str:
    """What must be the same on all hosts: the root stands in a release's configuration."""
    return release.id if one_root else release.image


def check_same(wanted: Mapping[str, Release], try_: str, *, one_root: bool) -> None:
    """Raises `PreflightError` when the hosts would not all get the same."""
    if len({identity(release, one_root=one_root) for release in wanted.values()}) > 1:
        each = ", ".join(f"{host} {r.label} ({r.id})" for host, r in wanted.items())
        raise PreflightError(error=f"the hosts would not get the same release: {each}", try_=try_)


def rolled_back_to(serving: Mapping[str, Serving], *, one_root: bool) -> Release | None:
    """Where a rollback that stopped half-way was going; None when nothing shows that.

    When all hosts serve the same, it has either not begun or reached them all: nobody can tell.
    """
    records = [each.record for each in serving.values() if each.record is not None]
    if len({identity(record.release, one_root=one_root) for record in records}) <= 1:
        return None
    back = [record for record in records if record.action == "rollback"]
    return max(back, key=lambda record: record.at).release if back else None


# --- what is told -------------------------------------------------------------------------------

HEADINGS = ("host", "live", "release", "outcome")


def rows(
    order: Sequence[str], outcomes: Mapping[str, Outcome], serving: Mapping[str, Serving]
) -> list[tuple[str, str, str, str]]:
    """A row for each host; a host that cannot be asked any more serves `?`."""
    return [(host, *_serving_cells(serving.get(host)), _of(outcomes, host).word) for host in order]


def _of(outcomes: Mapping[str, Outcome], host: str) -> Outcome:
    return outcomes.get(host, Outcome(NOT_TRIED))


def _serving_cells(serving: Serving | None) -> tuple[str, str]:
    if serving is None:
        return "?", "?"
    release = serving.record.release if serving.record else None
    return serving.colour or "none", f"{release.label} ({release.id})" if release else "-"


def as_dict(
    service: str,
    order: Sequence[str],
    outcomes: Mapping[str, Outcome],
    serving: Mapping[str, Serving],
) -> dict[str, Any]:
    """What `--json` prints for several hosts."""
    hosts = [
        {"host": host, "outcome": _of(outcomes, host).word, **_serving_fields(serving.get(host))}
        | {"result": dict(_of(outcomes, host).told) or None}
        for host in order
    ]
    return {"service": service, "exit_code": int(exit_code(outcomes)), "hosts": hosts}


def _serving_fields(serving: Serving | None) -> dict[str, Any]:
    release = serving.record.release if serving and serving.record else None
    return {
        "live": serving.colour if serving else None,
        "release": release.id if release else None,
        "label": release.label if release else None,
    }


def exit_code(outcomes: Mapping[str, Outcome]) -> Exit:
    """Of the host that failed first."""
    failed = (outcome for outcome in outcomes.values() if outcome.failed)
    return next((Exit(outcome.told["exit_code"]) for outcome in failed), Exit.DONE)


def failure(
    order: Sequence[str], outcomes: Mapping[str, Outcome], again: str
) -> ProtostarError | None:
    """The error of all who failed; `again`: the command that goes on from there."""
    failed = {host: outcome.told for host, outcome in outcomes.items() if outcome.failed}
    if not failed:
        return None
    states = [f"{host}: {told['state']}" for host, told in failed.items() if told["state"]]
    waiting = ", ".join(host for host in order if host not in outcomes)
    first = next(iter(failed.values()))["try"]
    return ProtostarError(
        error="\n".join(f"{host}: {told['error']}" for host, told in failed.items()),
        state="\n".join([*states, *([f"not tried: {waiting}"] if waiting else [])]),
        try_=f"{first}, then {again}" if first else again,
        exit_code=exit_code(outcomes),
    )


def interruption(
    problem: Interrupted, order: Sequence[str], outcomes: Mapping[str, Outcome], again: str
) -> Interrupted:
    """A signal between two hosts: nobody failed, and some were not tried."""
    waiting = ", ".join(host for host in order if host not in outcomes)
    state = f"not tried: {waiting}" if waiting else "all hosts are done"
    return Interrupted(error=problem.error, state=state, try_=again)


def refusal(problems: Mapping[str, ProtostarError], state: str = NOTHING_CHANGED) -> ProtostarError:
    """The hosts that cannot be asked, or that refuse, as one error."""
    first = next(iter(problems.values()))
    hosts: dict[str, list[str]] = {}
    for host, problem in problems.items():
        hosts.setdefault(problem.error, []).append(host)
    return ProtostarError(
        error="\n".join(_with_host(", ".join(each), error) for error, each in hosts.items()),
        state=state,
        try_=first.try_,
        exit_code=first.exit_code,
    )


def _with_host(hosts: str, error: str) -> str:
    return error if error.startswith(f"{hosts}:") else f"{hosts}: {error}"
