"""A plan → requests, one an action, in its order. What broke is said, and the next run mends it.

Each action is one request, so none is half done; and each is found in the server's own state, so
the same command goes on where it stopped.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pyhelpers import interrupts
from pyhelpers.errors import (
    FailedBeforeSwitch,
    Interrupted,
    PreflightError,
    ProtostarError,
)
from pyhelpers.jobs.connection import Cut, TimedOut
from pyhelpers.jobs.definition import Kind
from pyhelpers.jobs.differences import differences
from pyhelpers.jobs.plan import Verb
from pyhelpers.jobs.render import render, render_credential
from pyhelpers.steps import Step, showing

if TYPE_CHECKING:
    from pyhelpers.jobs.looking import Outlook
    from pyhelpers.jobs.plan import Action
    from pyhelpers.jobs.server import Jenkins
    from pyhelpers.steps import Shows

AGAIN = "the same command goes on"


def refuse_obstacles(outlook: Outlook) -> None:
    """Raises `PreflightError` when something stands in the way of the plan: all of it at once."""
    refused = [f"{each.name} {each.words}" for each in outlook.plan.refusals]
    words = [*outlook.problems, *refused]
    if words:
        tries = [each.try_ for each in outlook.plan.refusals if each.try_]
        add = "add it to Jenkins's configuration, then the same command again"
        mend = outlook.storing.try_ or add
        raise PreflightError(error="\n".join(words), try_=mend if outlook.problems else tries[0])


def apply(jenkins: Jenkins, outlook: Outlook, view: Shows[Step]) -> None:
    """Do the plan.

    Raises `PreflightError` before the first request, `FailedBeforeSwitch` or `Interrupted` after
    it. The error's state says how much was done.
    """
    refuse_obstacles(outlook)
    done = 0
    with interrupts.raised():
        try:
            for action in outlook.plan.actions:
                with showing(view, Step(action.verb, action.name), time.monotonic):
                    _do(jenkins, outlook, action)
                done += 1
            interrupts.pass_over()
        except ProtostarError as wrong:
            interrupts.pass_over()
            raise _stopped(wrong, outlook, done) from None


def _do(jenkins: Jenkins, outlook: Outlook, action: Action) -> None:
    if action.kind is Kind.CREDENTIAL:
        _store(jenkins, outlook, action)
    elif action.verb is Verb.DISABLE:
        jenkins.disable(action.name)
    elif action.verb is Verb.DELETE:
        _delete(jenkins, action)
    else:
        _write(jenkins, outlook, action)


def _write(jenkins: Jenkins, outlook: Outlook, action: Action) -> None:
    """And read it back: Jenkins says 200 also to what it then drops."""
    wanted = outlook.wanted[action.name]
    xml = render(wanted, outlook.installation)
    if action.verb is Verb.CREATE:
        jenkins.create(action.name, xml)
    else:
        is_folder = action.kind is Kind.FOLDER
        jenkins.update(action.name, jenkins.kept(action.name, xml) if is_folder else xml)
    lost = list(differences(jenkins.definition(action.name).options, wanted.options))
    if lost:
        raise FailedBeforeSwitch(
            error=f"Jenkins did not keep all of {action.name}: {'; '.join(lost)}",
            try_="protostar jobs plan",
        )


def _store(jenkins: Jenkins, outlook: Outlook, action: Action) -> None:
    credential = outlook.storing.wanted[action.name]
    xml = render_credential(credential, outlook.storing.secrets[action.name])
    is_new = action.verb is Verb.CREATE
    send = jenkins.create_credential if is_new else jenkins.update_credential
    send(credential.folder, credential.id, xml)
    if credential.id not in (jenkins.credentials(credential.folder) or ()):
        raise FailedBeforeSwitch(
            error=f"Jenkins did not keep the credential {action.name}", try_="protostar jobs plan"
        )


def _delete(jenkins: Jenkins, action: Action) -> None:
    """A folder is deleted with all that is in it, so it is looked into at the last moment."""
    inside = jenkins.inside(action.name) if action.kind == "folder" else []
    if inside:
        raise PreflightError(
            error=f"{action.name} holds {', '.join(inside)} by now", try_="protostar jobs prune"
        )
    jenkins.delete(action.name)


def _stopped(wrong: ProtostarError, outlook: Outlook, done: int) -> ProtostarError:
    """Whatever it was: what was done, and that the same command goes on."""
    actions = outlook.plan.actions
    state = f"{done} of {len(actions)} done"
    if isinstance(wrong, Interrupted | Cut | TimedOut):
        state += "".join(f", {action.name} perhaps" for action in actions[done : done + 1])
    if isinstance(wrong, Interrupted):
        return Interrupted(error=wrong.error, state=state, try_=AGAIN)
    return FailedBeforeSwitch(
        error=wrong.error, state=f"{state}; {AGAIN}", try_=wrong.try_ or AGAIN
    )
