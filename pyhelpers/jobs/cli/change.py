"""The commands that change something, and `plan`, which says what they would."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.errors import Exit
from pyhelpers.jobs.cli.shared import (
    deadline_option,
    folder_option,
    group,
    json_option,
    load_jobs,
    open_jenkins,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyhelpers.jobs.looking import Outlook
    from pyhelpers.jobs.server import Jenkins

adopt_option = click.option(
    "--adopt", multiple=True, help="Take over this item, made by somebody else; may be repeated."
)

renew_option = click.option(
    "--renew",
    multiple=True,
    help="Store this credential (folder:id) anew, out of its file; may be repeated.",
)


@group.command()
@adopt_option
@renew_option
@click.option("--exit-code", is_flag=True, help="Exit code 4 when there is something to do.")
@folder_option
@deadline_option
@json_option
def plan(
    adopt: Sequence[str],
    renew: Sequence[str],
    folder: Path,
    deadline_s: float,
    *,
    exit_code: bool,
    json_wanted: bool,
) -> None:
    """Print what `apply` would do, a line for each option. Changes nothing.

    Also checks that Jenkins has the plug-ins and credentials that the jobs need.

    \b
    Examples:
      protostar jobs plan
      protostar jobs plan --exit-code    in CI: is Jenkins as the repository says?
    """
    from pyhelpers.jobs.looking import look

    jobs = load_jobs(folder)
    outlook = look(open_jenkins(deadline_s), jobs, adopt, renew=renew, environ=os.environ)
    show(outlook, json_wanted=json_wanted)
    if exit_code and outlook.plan.actions:
        click.get_current_context().exit(Exit.PREFLIGHT)


@group.command()
@adopt_option
@renew_option
@folder_option
@deadline_option
@json_option
def apply(
    adopt: Sequence[str],
    renew: Sequence[str],
    folder: Path,
    deadline_s: float,
    *,
    json_wanted: bool,
) -> None:
    """Make Jenkins as jobs/*.yml says. Again: nothing to do, and nothing is sent.

    Creates and updates. What is no longer declared stays until `prune`.

    \b
    Examples:
      protostar jobs apply
      protostar jobs apply --adopt protostar/api    take over a job that was made by hand
      protostar jobs apply --renew protostar:deploy-ssh    store another key in its place
    """
    from pyhelpers.jobs.looking import look

    jobs = load_jobs(folder)
    jenkins = open_jenkins(deadline_s)
    outlook = look(jenkins, jobs, adopt, renew=renew, environ=os.environ)
    _bring(jenkins, outlook, json_wanted=json_wanted)


@group.command()
@click.option("--delete", is_flag=True, help="Delete what is disabled already, and empty folders.")
@click.option("--dry-run", is_flag=True, help="Print it, and change nothing.")
@folder_option
@deadline_option
@json_option
def prune(
    folder: Path, deadline_s: float, *, delete: bool, dry_run: bool, json_wanted: bool
) -> None:
    """Disable what is ours and no longer declared; with --delete, delete what is disabled.

    Never touches what does not bear our mark, what belongs to another installation, and a folder
    in which anything is left.

    \b
    Examples:
      protostar jobs prune --dry-run
      protostar jobs prune
      protostar jobs prune --delete
    """
    from pyhelpers.jobs.looking import look_for_unwanted

    jobs = load_jobs(folder)
    jenkins = open_jenkins(deadline_s)
    outlook = look_for_unwanted(jenkins, jobs, delete=delete)
    if dry_run:
        show(outlook, json_wanted=json_wanted)
    else:
        _bring(jenkins, outlook, json_wanted=json_wanted)


def _bring(jenkins: Jenkins, outlook: Outlook, *, json_wanted: bool) -> None:
    from pyhelpers.jobs.apply import apply as bring
    from pyhelpers.jobs.apply import refuse_obstacles

    if json_wanted:
        refuse_obstacles(outlook)
    else:
        show(outlook, json_wanted=False)
    view = console.steps_view(json_wanted=json_wanted)
    try:
        bring(jenkins, outlook, view)
    finally:
        view.close()
    if json_wanted:
        show(outlook, json_wanted=True)
    elif outlook.plan.actions:
        console.say(f"Done: {len(outlook.plan.actions)} of {len(outlook.plan.actions)}")
