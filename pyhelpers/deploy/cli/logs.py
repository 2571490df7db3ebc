"""`logs`: what the containers of a service write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option, load_config
from pyhelpers.deploy.cli.shared import (
    end_with,
    group,
    hosts_of,
    hosts_option,
    in_threads,
    service_argument,
    site_of,
)
from pyhelpers.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pyhelpers.deploy.log_stream import Line
    from pyhelpers.deploy.logs import Source


@group.command()
@service_argument
@click.option("--follow", is_flag=True, help="Go on with what they write from now on.")
@click.option("--colour", type=click.Choice(["blue", "green"]), help="Default: the live one.")
@click.option(
    "--tail",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="How many lines of each container.",
)
@hosts_option
@config_option
def logs(
    service: str, colour: str | None, tail: int, hosts: tuple[str, ...], file: Path, *, follow: bool
) -> None:
    """What the containers of the live colour write, stdout and stderr, all replicas by time.

    \b
    Examples:
      protostar deploy logs api --tail 20
      protostar deploy logs api --follow
      protostar deploy logs api --colour green
    """
    from pyhelpers.deploy.logs import followed, sources_of, written
    from pyhelpers.deploy.model import Colour
    from pyhelpers.deploy.turns import ask

    wanted = Colour(colour) if colour else None
    names = hosts_of(load_config(file), service, hosts)
    found, problems = ask(
        names, in_threads(lambda host: sources_of(site_of(file, service, host), wanted))
    )
    sources = [source for each in found.values() for source in each]
    try:
        _show((followed if follow else written)(sources, tail), _names(sources))
    except KeyboardInterrupt:  # the way to end it: no error, and 130 as from `docker compose logs`
        click.get_current_context().exit(Exit.INTERRUPTED)
    if follow and sources:
        console.note(f"all have stopped; `protostar deploy status {service}` says what serves")
    end_with(problems, json_wanted=False)


def _names(sources: Sequence[Source]) -> list[str]:
    """With the host where there are several, all equally wide."""
    several = len({source.host.name for source in sources}) > 1
    names = [f"{s.host.name} {s.name}" if several else s.name for s in sources]
    return [name.ljust(max(map(len, names))) for name in names]


def _show(lines: Iterable[Line], names: Sequence[str]) -> None:
    for line in lines:
        console.say(f"{names[line.source]} | {line.text}")
