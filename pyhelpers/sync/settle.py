"""After a failure: the configuration of before is put back, and what stands is said."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pyhelpers.errors import NOTHING_CHANGED, Exit, Interrupted, ProtostarError
from pyhelpers.hosts.lock import LockLost
from pyhelpers.sync import commands, execute, history, stack
from pyhelpers.sync.model import StepName
from pyhelpers.sync.plan import steps_to
from pyhelpers.sync.state import found_on, kept_files

if TYPE_CHECKING:
    from pyhelpers.sync.model import Plan, Target
    from pyhelpers.sync.run import Run

# What a put back has to do of a plan's steps: its release was checked when it came.
PUT_BACK = (StepName.FLIP, StepName.CONTAINERS, StepName.RELOAD, StepName.VERIFY)


def settled(run: Run, cause: BaseException) -> ProtostarError:
    """The error that says what stands now. Puts back what was before, if anything was changed.

    The caller has signals passed over meanwhile, or half of it would be put back.
    """
    if not run.flipped:
        return _told(cause, NOTHING_CHANGED, run, after=False)
    if isinstance(cause, LockLost):  # another may hold it by now: nothing more is done here
        return _told(cause, f"{run.target.digest} was begun and is not finished", run, after=True)
    try:
        state = _put_back_if_any(run, cause)
    except ProtostarError as second:
        state = f"unknown: putting back what was before failed too: {second.error}"
    return _told(cause, state, run, after=True)


def _put_back_if_any(run: Run, cause: BaseException) -> str:
    target = before(run)
    if target is None:
        return _nothing_before(run)
    put_back(run, target, cause.error if isinstance(cause, ProtostarError) else repr(cause))
    return f"{target.digest} serves again; it was put back"


def _nothing_before(run: Run) -> str:
    """The first apply, or one that mended what is current: there is no other to go back to.

    What was begun stays unfinished, so that the next one goes on with it.
    """
    reason = "there is no earlier configuration to put back"
    with suppress(ProtostarError):
        execute.keep_record(run, "failed", run.target.digest, reason)
    return f"config/current is {run.target.digest}; {reason}"


def before(run: Run) -> Target | None:
    """The last that was good, if it is another one and still there."""
    good = history.last_good(run.found.history)
    digest = good.digest if good is not None else ""
    files = kept_files(run.host, digest) if digest not in ("", run.target.digest) else {}
    if not files:
        return None
    commit = history.commit_of(run.found.history, digest)
    return stack.target(run.target.project, run.target.host, files, commit, "put back")


def put_back(run: Run, target: Target, reason: str) -> None:
    """The same steps with the earlier one as target. Raises what they raise.

    What an interrupt has left running on the host comes to its end first.
    """
    wait_s = execute.UP_S
    run.host.run(commands.await_work(run.host.root, wait_s), deadline_s=wait_s + 10)
    found = found_on(run.host, target.project)
    back = replace(run, plan=_without_checks(steps_to(found, target)), found=found, seconds={})
    execute.execute(back)
    execute.keep_record(run, "put back", target.digest, reason)
    execute.end_it(run)


def _without_checks(steps: Plan) -> Plan:
    return replace(steps, steps=tuple(step for step in steps.steps if step.name in PUT_BACK))


def _told(cause: BaseException, state: str, run: Run, *, after: bool) -> ProtostarError:
    code = Exit.FAILED_AFTER_SWITCH if after else Exit.FAILED_BEFORE_SWITCH
    if isinstance(cause, Interrupted):
        again = f"protostar sync apply {run.host.name}"
        return Interrupted(error=cause.error, state=state, try_=again)
    if not isinstance(cause, ProtostarError):
        return ProtostarError(error=f"unexpected: {cause!r}", state=state)
    if not after:
        return cause
    try_ = cause.try_ or f"protostar sync history {run.host.name}"
    return ProtostarError(error=cause.error, state=state, try_=try_, exit_code=code)
