"""`rollback`: to the last good release, or out of the deploy that is going on."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from pyhelpers import console
from pyhelpers.deploy.cli.options import deploy_options
from pyhelpers.deploy.cli.shared import group, service_argument, sites_of
from pyhelpers.hosts.cli import who

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.deploy.cli.options import Options
    from pyhelpers.deploy.model import Release
    from pyhelpers.deploy.site import Site, Wanted


@group.command()
@service_argument
@click.option("--to", help="A release id or label of the history; default: the last good one.")
@click.option("--now", is_flag=True, help="End the deploy that is going on, flip back, done.")
@deploy_options
def rollback(service: str, to: str | None, options: Options, *, now: bool) -> None:
    """Back to the last good release: the same pipeline without hooks. Warm, it is one rename.

    \b
    Examples:
      protostar deploy rollback api
      protostar deploy rollback api --to v1
      protostar deploy rollback api --now
    """
    from pyhelpers import interrupts

    with interrupts.raised():
        # Most often the colour is warm: the rename is all, and nothing else may hold it up.
        found = sites_of(options.file, service, options.hosts, starting=False)
        sites = {site.host.name: site for site in found}
    go_back(sites, to, options, now=now)


def go_back(sites: Mapping[str, Site], to: str | None, options: Options, *, now: bool) -> None:
    """`--now` on several hosts: where one was ended, the others go to what it serves now."""
    from pyhelpers.deploy.cli.several import bring
    from pyhelpers.deploy.cli.single import How
    from pyhelpers.deploy.fleet import outcome_of

    ended = _end_all(sites) if now else {}
    if ended and len(sites) == 1:
        _tell_ended(*ended.values(), json_wanted=options.json_wanted)
        return
    if ended or options.only_failed:
        to = to or _goal(sites, ended)
        options = replace(options, only_failed=True)
    wanted = _wanted(sites, to)
    label = to or next(iter(wanted.values())).target.release.label
    service = next(iter(sites.values())).name
    typed = f"protostar deploy rollback {service} --to {shlex.quote(label)}"
    already = {host: outcome_of(told) for host, told in ended.items()}
    words = ("rollback", service, "--to")
    how = How(options, words, f"{typed} {options.again}", typed, already)
    bring(tuple(sites.values()), wanted, how)


def _wanted(sites: Mapping[str, Site], to: str | None) -> dict[str, Wanted]:
    from pyhelpers.deploy.facts import read_history
    from pyhelpers.deploy.site import earlier_release
    from pyhelpers.deploy.turns import ask_all

    def earlier(host: str) -> Wanted:
        site = sites[host]
        return earlier_release(site, read_history(site.host, site.name), to)

    return ask_all(sites, earlier)


def _goal(sites: Mapping[str, Site], ended: Mapping[str, object]) -> str | None:
    """Where the others have gone back to; None: nobody has a release, so nobody has gone.

    Raises `PreflightError` when nothing shows where to.
    """
    from pyhelpers.deploy.cli.several import one_root, serving_on
    from pyhelpers.deploy.fleet import rolled_back_to
    from pyhelpers.errors import PreflightError

    serving, same = serving_on(tuple(sites.values())), one_root(sites.values())
    if ended:
        records = [serving[host].record for host in ended]
        goal = next((record.release for record in records if record), None)
        return _named(goal, one_root=same) if goal else None
    goal = rolled_back_to(serving, one_root=same)
    if goal is None:
        service = next(iter(sites.values())).name
        raise PreflightError(
            error=f"nothing shows a rollback of {service} that has reached some hosts and not all",
            try_=f"protostar deploy rollback {service} --to RELEASE --only-failed",
        )
    return _named(goal, one_root=same)


def _named(release: Release, *, one_root: bool) -> str:
    """Hosts that differ in their root have other ids for the same image."""
    return release.id if one_root else release.label


def _end_all(sites: Mapping[str, Site]) -> dict[str, dict[str, Any]]:
    """The hosts whose deploy, or its end a moment ago, was all that had to be undone."""
    from pyhelpers.deploy.turns import ask_all

    told = ask_all(sites, lambda host: _end_other(sites[host]))
    return {host: each for host, each in told.items() if each is not None}


def _end_other(site: Site) -> dict[str, Any] | None:
    """None: there is nothing to end, or it is committed; then an ordinary rollback is wanted.

    A deploy that has failed by itself while this was typed counts as ended by it: one release
    further back is not what was asked for.
    """
    from pyhelpers.deploy.end import end_deploy, wait_until_free, was_just_undone
    from pyhelpers.deploy.facts import read_history, read_holder

    holder = read_holder(site.host, site.name)
    phase = end_deploy(site.host, site.name, holder, who()) if holder else "gone"
    if phase == "committed":
        wait_until_free(site.host, site.name, longer_s=site.service.stop_grace_s)
        return None
    if phase == "gone" and not was_just_undone(site.host, site.name, holder):
        return None
    records = read_history(site.host, site.name)
    whose = holder.who if holder else records[-1].who
    live = site.gateway.live().colour or "no colour"
    return {"outcome": "ended", "phase": phase, "ended": whose, "live": live}


def _tell_ended(told: Mapping[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        console.as_json(told)
        return
    done = "was ended" if told["phase"] == "open" else "had failed and was undone already"
    console.say(f"Done: the deploy of {told['ended']} {done}, {told['live']} serves")
