"""The commands that ask no Jenkins."""

from __future__ import annotations

from pathlib import Path

import click

from pyhelpers import console
from pyhelpers.config.schema_file import write_schema
from pyhelpers.errors import WrongUsage
from pyhelpers.jobs.cli.shared import folder_option, group, load_jobs


@group.command()
@click.argument(
    "folder", type=click.Path(path_type=Path), default=Path("jobs"), envvar="PROTOSTAR_JOBS"
)
def check(folder: Path) -> None:
    """Read every file of FOLDER, and name everything that is wrong at once. Asks no Jenkins.

    Exit code 3 when something is wrong.

    \b
    Examples:
      protostar jobs check
      protostar jobs check other/jobs
    """
    jobs = load_jobs(folder)
    console.say(f"{folder} is right: {len(jobs.items)} items of {jobs.installation}")


@group.command()
@click.argument("name")
@folder_option
def render(name: str, folder: Path) -> None:
    """Print the XML of the item NAME, as `apply` sends it.

    \b
    Example:
      protostar jobs render protostar/api
    """
    from pyhelpers.jobs.render import render as xml_of
    from pyhelpers.jobs.wanted import wanted

    jobs = load_jobs(folder)
    items = wanted(jobs)
    if name not in items:
        raise WrongUsage(error=f"no file declares {name}", try_=f"one of: {', '.join(items)}")
    console.say(xml_of(items[name], jobs.installation).rstrip())


@group.command()
@click.option("--write", is_flag=True, help="Write schema/jobs.schema.json below this folder.")
def schema(*, write: bool) -> None:
    """Print the JSON Schema of a file of jobs/, for editors.

    \b
    Examples:
      protostar jobs schema > jobs.schema.json
      protostar jobs schema --write
    """
    from pyhelpers.jobs.schema import SCHEMA_FILE, json_schema

    if not write:
        console.as_json(json_schema())
        return
    write_schema(SCHEMA_FILE, json_schema())
    console.say(f"{SCHEMA_FILE} is current")
