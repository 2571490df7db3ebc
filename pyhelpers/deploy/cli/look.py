"""The commands that look at a host's state or settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option, load_config
from pyhelpers.deploy.cli.shared import (
    complete_services,
    group,
    json_option,
    service_argument,
    site_of,
    who,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.deploy.model import Holder
    from pyhelpers.deploy.site import Site


@group.command()
@click.argument("services", nargs=-1, shell_complete=complete_services)
@config_option
@json_option
def status(services: tuple[str, ...], file: Path, *, json_wanted: bool) -> None:
    """What serves, since when, and who is at work. All services when none is named.

    \b
    Example:
      protostar deploy status api
    """
    from pyhelpers.deploy import report
    from pyhelpers.deploy.site import facts_of

    names = services or tuple(load_config(file).services)
    told = []
    for name in names:
        site = site_of(file, name)
        warm = site.service.keep_warm
        told.append(report.status_as_dict(name, facts_of(site, None), keep_warm=warm))
    if json_wanted:
        console.as_json(told)
    else:
        console.table(report.STATUS_HEADINGS, [report.status_row(each) for each in told])


@group.command()
@service_argument
@click.option("-n", "--number", default=20, show_default=True, help="How many, newest last.")
@config_option
@json_option
def history(service: str, number: int, file: Path, *, json_wanted: bool) -> None:
    """Who deployed what and when, and what came of it.

    \b
    Example:
      protostar deploy history api --json | jq '.[-1]'
    """
    import dataclasses

    from pyhelpers.deploy import report
    from pyhelpers.deploy.facts import read_history

    site = site_of(file, service)
    records = read_history(site.host, service)[-number:]
    if json_wanted:
        console.as_json([dataclasses.asdict(record) for record in records])
    else:
        console.table(report.HISTORY_HEADINGS, [report.record_row(each) for each in records])


@group.command()
@service_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
def unlock(service: str, file: Path, *, yes: bool) -> None:
    """End the deploy that holds the lock, after showing whose it is.

    The lock is held by a process and dies with it: without a process there is none to remove.

    \b
    Example:
      protostar deploy unlock api
    """
    from pyhelpers.deploy.facts import read_holder

    site = site_of(file, service)
    holder = read_holder(site.host, service)
    if holder is None:
        console.say(f"{service} is not locked")
        return
    console.say(
        f"{service} is held by {holder.who} since {holder.since}, pid {holder.pid}, "
        f"at: {holder.step}"
    )
    if not yes:
        click.confirm("End that deploy? What is not committed is flipped back", abort=True)
    _end(site, holder)
    console.say(f"{service} is free")


def _end(site: Site, holder: Holder) -> None:
    from pyhelpers.deploy.end import end_deploy, kill_guard, wait_until_free
    from pyhelpers.errors import ProtostarError

    longer_s = site.service.drain_s + site.service.stop_grace_s
    try:
        end_deploy(site.host, site.name, holder, who())
        wait_until_free(site.host, site.name, longer_s=longer_s)
    except ProtostarError:
        kill_guard(site.host, site.name, holder, longer_s)


@group.command()
@service_argument
@click.option(
    "--colour",
    type=click.Choice(["blue", "green"]),
    default="blue",
    show_default=True,
    help="The colour that is live from now on.",
)
@click.option("--container", "containers", multiple=True, help="A running container to take over.")
@config_option
def adopt(service: str, colour: str, containers: tuple[str, ...], file: Path) -> None:
    """Take over what already runs, or settle a marker that is missing or double.

    The colour must answer through the gateway first; then the marker says that it is live.

    \b
    Examples:
      protostar deploy adopt api --container my-old-api
      protostar deploy adopt api --colour green
    """
    from pyhelpers.deploy.adopt import adopt as take_over
    from pyhelpers.deploy.model import Colour

    site = site_of(file, service)
    release = take_over(site, Colour(colour), containers, who())
    console.say(f"Done: {service}-{colour} is live, release {release}")
