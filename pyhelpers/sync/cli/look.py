"""The commands that only look."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option, load_config
from pyhelpers.sync.cli.shared import (
    group,
    host_argument,
    json_option,
    open_site,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Collection


@group.command()
@host_argument
@config_option
def diff(host: str, file: Path) -> None:
    """Show how HOST's configuration would change. Every value of an env file is masked.

    \b
    Example:
      protostar sync diff a5
    """
    from pyhelpers.sync.diff import lines
    from pyhelpers.sync.state import found_on

    config, site = open_site(file, host)
    target = wanted(config, site)
    found = found_on(site.host, site.project)
    told = lines(found.files, target.files)
    console.say("\n".join(told) if told else f"{host}: no difference")


@group.command()
@host_argument
@config_option
@json_option
def drift(host: str, file: Path, *, json_wanted: bool) -> None:
    """Show what somebody changed on HOST by hand since the last apply.

    Exit code 4 when somebody has.

    \b
    Example:
      protostar sync drift a5
    """
    from pyhelpers.errors import Exit
    from pyhelpers.sync import drift as drifted
    from pyhelpers.sync import report
    from pyhelpers.sync.diff import lines
    from pyhelpers.sync.pipeline import tree_on
    from pyhelpers.sync.state import found_on

    _, site = open_site(file, host)
    found = found_on(site.host, site.project)
    told = drifted.drift(found)
    if json_wanted:
        console.as_json(report.drift_as_dict(host, found.current, told))
    elif told:
        console.table(("what", "how"), [(each.path, each.what) for each in told])
        console.say("\n".join(lines(found.files, tree_on(site.host)) if found.listing else []))
    else:
        console.say(f"{host}: nobody has changed {found.current or 'anything'} by hand")
    if told:
        click.get_current_context().exit(Exit.PREFLIGHT)


@group.command()
@host_argument
@click.option("-n", "--number", default=20, show_default=True, help="How many, newest last.")
@config_option
@json_option
def history(host: str, number: int, file: Path, *, json_wanted: bool) -> None:
    """Who brought HOST which configuration, and what came of it.

    \b
    Example:
      protostar sync history a5
    """
    import dataclasses

    from pyhelpers.sync import report, state

    _, site = open_site(file, host)
    records = state.records(site.host)[-number:]
    if json_wanted:
        console.as_json([dataclasses.asdict(each) for each in records])
    else:
        console.table(report.HISTORY_HEADINGS, [report.record_row(each) for each in records])


@group.command()
@click.argument("host")
@click.option("--gateway", default="gateway", show_default=True, help="Which of its gateways.")
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="Where to.")
@click.option(
    "--nginx",
    "templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The templates; default: nginx/ beside protostar.yml.",
)
@config_option
def render(host: str, gateway: str, folder: Path, templates: Path | None, file: Path) -> None:
    """Write HOST's nginx configuration into a folder, to look at it.

    \b
    Example:
      protostar sync render a5 --to /tmp/nginx
    """
    from pyhelpers.hosts.local import LocalHost
    from pyhelpers.sync.render import kind_of, nginx_files

    config = load_config(file)
    _must_know("host", host, config.hosts)
    _must_know("gateway", gateway, config.gateways)
    kind = kind_of(config.hosts[host].stack)
    files = nginx_files(config, host, gateway, templates or file.parent / "nginx", kind)
    here = LocalHost("here", PurePosixPath(folder))
    for name, data in files.items():
        here.put(PurePosixPath(folder) / name, data)
    console.say(f"{len(files)} files in {folder}")


def _must_know(word: str, name: str, known: Collection[str]) -> None:
    """A configuration without services would answer 404 to everything."""
    if name not in known:
        raise click.BadParameter(f"no {word} `{name}`; one of: {', '.join(sorted(known))}")
