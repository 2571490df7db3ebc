"""What the commands of the room share: the group, the options, the way to Jenkins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.errors import Exit

if TYPE_CHECKING:
    from pyhelpers.jobs.loading import Jobs
    from pyhelpers.jobs.looking import Outlook
    from pyhelpers.jobs.server import Jenkins

json_option = click.option("--json", "json_wanted", is_flag=True, help="One object on stdout.")
folder_option = click.option(
    "--jobs",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("jobs"),
    envvar="PROTOSTAR_JOBS",
    show_envvar=True,
    show_default=True,
    help="The folder with the *.yml.",
)
deadline_option = click.option(
    "--deadline-s",
    type=click.FloatRange(min=0.1, max=3600),
    default=30.0,
    show_default=True,
    help="For each request to Jenkins.",
)


@click.group(name="jobs", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Jenkins's jobs as code: jobs/*.yml.

    \b
    Examples:
      protostar jobs check             every mistake in jobs/*.yml at once
      protostar jobs plan              what is other on the server, a line for each option
      protostar jobs apply             make it so; again: nothing to do
      protostar jobs prune             disable what is ours and no longer declared
      protostar jobs prune --delete    and delete what is disabled already
    \b
    Jenkins is JENKINS_URL, asked as JENKINS_USER with JENKINS_TOKEN (or the content of the file
    JENKINS_TOKEN_FILE). What does not bear our mark is never touched.
    \b
    Exit codes: 0 done or nothing to do · 1 unexpected · 2 usage · 3 configuration ·
    4 refused, unreachable, or `plan --exit-code` and something to do ·
    6 stopped on the way, the same command goes on · 130 interrupted
    """


def load_jobs(folder: Path) -> Jobs:
    from pyhelpers.jobs.loading import load

    return load(folder, os.environ)


def open_jenkins(deadline_s: float) -> Jenkins:
    from pyhelpers.jobs.connection import Connection
    from pyhelpers.jobs.environment import settings
    from pyhelpers.jobs.server import Jenkins

    return Jenkins(Connection(settings(os.environ, deadline_s)))


def show(outlook: Outlook, *, json_wanted: bool) -> None:
    """The plan; and what stands in its way ends the command with exit code 4."""
    from pyhelpers.jobs import report
    from pyhelpers.jobs.apply import refuse_obstacles

    if json_wanted:
        console.as_json(report.as_dict(outlook))
        if outlook.problems or outlook.plan.refusals:
            click.get_current_context().exit(Exit.PREFLIGHT)
        return
    console.announce(report.headline(outlook), report.warnings(outlook))
    for line in report.lines(outlook.plan):
        console.say(line)
    refuse_obstacles(outlook)
