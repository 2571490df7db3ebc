"""The commands that look at a host's state or settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pyhelpers import console
from pyhelpers.config.options import complete_services, config_option, load_config
from pyhelpers.deploy.cli.shared import (
    end_with,
    group,
    host_option,
    hosts_of,
    in_threads,
    json_option,
    service_argument,
    site_of,
)
from pyhelpers.hosts.cli import host_of, who

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyhelpers.config.model import Config
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
    from pyhelpers.deploy.turns import ask

    config = load_config(file)
    names = services or tuple(config.services)
    places = [(name, host) for name in names for host in hosts_of(config, name)]
    of_host = {host: [name for name, where in places if where == host] for _, host in places}
    found, problems = ask(
        of_host, in_threads(lambda host: _statuses(config, file, host, of_host[host]))
    )
    told = [
        found[host][name]
        if host in found
        else report.unknown_as_dict(name, host, problems[host].error)
        for name, host in places
    ]
    if json_wanted:
        console.as_json(told)
    else:
        console.table(report.STATUS_HEADINGS, [report.status_row(each) for each in told])
    end_with(problems, json_wanted=json_wanted)


def _statuses(
    config: Config, file: Path, host: str, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """By service, over one connection."""
    from pyhelpers.deploy import report
    from pyhelpers.deploy.site import facts_of, open_site

    machine = host_of(config, host)
    sites = [open_site(config, file.resolve().parent, name, machine) for name in names]
    return {
        site.name: report.status_as_dict(
            site.name, host, facts_of(site, None), keep_warm=site.service.keep_warm
        )
        for site in sites
    }


@group.command()
@service_argument
@click.option("-n", "--number", default=20, show_default=True, help="How many, newest last.")
@config_option
@json_option
def history(service: str, number: int, file: Path, *, json_wanted: bool) -> None:
    """Who deployed what and when, and what came of it, on all its hosts by time.

    \b
    Example:
      protostar deploy history api --json | jq '.[-1]'
    """
    from pyhelpers.deploy import report
    from pyhelpers.deploy.facts import read_history
    from pyhelpers.deploy.turns import ask

    names = hosts_of(load_config(file), service)
    found, problems = ask(
        names, in_threads(lambda host: read_history(site_of(file, service, host).host, service))
    )
    records = report.merged(found)[-number:]
    if json_wanted:
        console.as_json([report.record_as_dict(*each) for each in records])
    else:
        console.table(report.HISTORY_HEADINGS, [report.record_row(*each) for each in records])
    end_with(problems, json_wanted=json_wanted)


@group.command()
@service_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@host_option
@config_option
def unlock(service: str, host: str | None, file: Path, *, yes: bool) -> None:
    """End the deploy that holds the lock, after showing whose it is.

    The lock is held by a process and dies with it: without a process there is none to remove.

    \b
    Example:
      protostar deploy unlock api
    """
    from pyhelpers.deploy.facts import read_holder

    site = site_of(file, service, host)
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
    _end_deploy(site, holder)
    console.say(f"{service} is free")


def _end_deploy(site: Site, holder: Holder) -> None:
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
@host_option
@config_option
def adopt(
    service: str, colour: str, containers: tuple[str, ...], host: str | None, file: Path
) -> None:
    """Take over what already runs, or settle a marker that is missing or double.

    The colour must answer through the gateway first; then the marker says that it is live.

    \b
    Examples:
      protostar deploy adopt api --container my-old-api
      protostar deploy adopt api --colour green
    """
    from pyhelpers.deploy.adopt import adopt as take_over
    from pyhelpers.deploy.model import Colour

    site = site_of(file, service, host)
    release = take_over(site, Colour(colour), containers, who())
    console.say(f"Done: {service}-{colour} is live, release {release}")
