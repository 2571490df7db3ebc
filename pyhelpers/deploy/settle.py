"""After a step has failed: have the guard settle what stands, and say what that is. Truthfully."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from pyhelpers import interrupts
from pyhelpers.deploy import commands, marker
from pyhelpers.deploy.end import free_within, wait_until_free
from pyhelpers.deploy.facts import read_history, running_hooks
from pyhelpers.deploy.guard import Guard, GuardLost, Refused
from pyhelpers.errors import FailedAfterSwitch, FailedBeforeSwitch, Interrupted, ProtostarError

if TYPE_CHECKING:
    from pyhelpers.deploy.model import Colour, Record
    from pyhelpers.deploy.run import Run

SLACK_S = 60.0
# The kernel closes a killed process's pipe and its lock one after the other.
LOCK_OUTLIVES_S = 1.0
Live: TypeAlias = "frozenset[Colour] | None"


def settle(run: Run, problem: BaseException) -> ProtostarError:
    """The error to show for `problem`, with the state that the host is in now.

    The caller has signals passed over meanwhile, or nobody would be told what stands.
    """
    if not run.committed:
        _abandon(run, problem)
    record = _own_record(run)
    if run.committed or (record is not None and record.good):
        return _after_commit(run, problem)
    return _before_commit(run, problem, record)


def _abandon(run: Run, problem: BaseException) -> None:
    try:
        run.guard.abandon(_outcome(run, problem), _told(run, problem))
        _wait_for_cleaning(run, run.guard, problem)
    except (GuardLost, Refused):
        with suppress(ProtostarError):  # what stands is read from the host in any case
            _have_another_settle(run, problem)


def _told(run: Run, problem: BaseException) -> dict[str, object]:
    return {**run.proof(), "reason": _reason(problem)}


def _wait_for_cleaning(run: Run, guard: Guard, problem: BaseException) -> None:
    if isinstance(problem, Interrupted) or run.detach:
        return
    service = run.plan.target.service
    # The guard finishes alone; whoever is impatient need not wait.
    with suppress(Interrupted), interrupts.raised():
        guard.follow("bye", service.drain_s + service.stop_grace_s + SLACK_S)


def _have_another_settle(run: Run, problem: BaseException) -> None:
    """A guard that was killed flips nothing back and leaves no record; its successor does both.

    In settling it may find that the deploy was committed: then there is nothing to abandon.
    """
    run.guard.close()
    name = run.plan.target.name
    wait_until_free(run.host, name, run.clock)
    successor = Guard.acquire(run.host, name, run.about["who"], SLACK_S, run.clock)
    try:
        if _own_record(run) is not None:
            successor.release()
            return
        successor.about(run.about)
        successor.terms(run.plan)
        if run.guard.owned is not None:
            successor.mine(run.guard.owned)
        flipped_to = successor.flipped_to
        successor.abandon(_outcome(run, problem), _told(run, problem))
        run.guard.flipped_to = run.guard.flipped_to or flipped_to
        _wait_for_cleaning(run, successor, problem)
    finally:
        successor.close()


def _own_record(run: Run) -> Record | None:
    """What the guard has written of this deploy: read, because its words may have been lost."""
    try:
        records = read_history(run.host, run.plan.target.name)
    except (ProtostarError, OSError):
        return None
    return next((record for record in records if record.id == run.about["id"]), None)


def _outcome(run: Run, problem: BaseException) -> str:
    if isinstance(problem, Interrupted):
        return "interrupted"
    return "flipped_back" if run.switched and run.plan.fallback else "refused"


def _reason(problem: BaseException) -> str:
    """The first line, without the log that follows it."""
    return _text(problem).splitlines()[0].removesuffix("; its last lines:")


def _text(problem: BaseException) -> str:
    text = problem.error if isinstance(problem, ProtostarError) else str(problem)
    return text or type(problem).__name__


def _after_commit(run: Run, problem: BaseException) -> ProtostarError:
    kind = Interrupted if isinstance(problem, Interrupted) else ProtostarError
    alone = "the host drains and stops the old colour by itself"
    left = "the old colour still runs: the same command again drains and stops it"
    return kind(
        error=_text(problem),
        state=f"{_serving(run, _live(run))}; the deploy is committed, "
        f"{alone if _guarded(run, problem) else left}",
        try_=_look(run),
    )


def _guarded(run: Run, problem: BaseException) -> bool:
    """Whether somebody goes on. The lock of one that was killed lives on for a moment after it."""
    longest_s = LOCK_OUTLIVES_S if isinstance(problem, GuardLost) else 0.0
    try:
        return not free_within(run.host, run.plan.target.name, longest_s, run.clock)
    except (ProtostarError, OSError):
        return False


def _before_commit(run: Run, problem: BaseException, record: Record | None) -> ProtostarError:
    known = problem.try_ if isinstance(problem, ProtostarError) else ""
    live = _live(run)  # once: another deploy in between must not make the line contradict itself
    moved = _moved(run, live) or (record is not None and record.flipped_at is not None)
    kind = FailedAfterSwitch if moved else FailedBeforeSwitch
    return (Interrupted if isinstance(problem, Interrupted) else kind)(
        error=_text(problem),
        state=f"{_serving(run, live)}; {_traffic(run, live) if moved else 'traffic never moved'}"
        f"{_hooks_left(run)}",
        try_=known or _look(run),
    )


def _hooks_left(run: Run) -> str:
    """A migration lives on without us, and that is the one thing to know at night."""
    try:
        names = running_hooks(run.host, run.plan.target.name)
    except ProtostarError:
        return ""
    return "".join(f"; {name} still runs" for name in names)


def _look(run: Run) -> str:
    return f"protostar deploy status {run.plan.target.name}"


def _moved(run: Run, live: Live) -> bool:
    """Whether traffic ever moved: by our own account, the guard's, or the marker's."""
    return run.switched or bool(run.guard.flipped_to) or run.plan.idle in (live or ())


def _traffic(run: Run, live: Live) -> str:
    if run.plan.idle not in (live or ()):
        return "traffic was flipped back"
    if not run.plan.fallback:
        return "there was nothing to flip back to"
    return "it is not committed, and the next command settles it"


def _serving(run: Run, live: Live) -> str:
    name = run.plan.target.name
    if live is None:
        return f"{run.host.name} cannot be asked what serves"
    if not live:
        return f"no colour of {name} serves"
    return f"{' and '.join(commands.project(name, colour) for colour in sorted(live))} serves"


def _live(run: Run) -> Live:
    """Which colour serves, read from the host now, not remembered; None: it cannot be asked."""
    try:
        names = run.host.names(run.host.root / "live")
    except (ProtostarError, OSError):
        return None
    return marker.markers_in(names, run.plan.target.name)
