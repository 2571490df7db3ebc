"""The commands that change something, and `plan`, which says what they would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option
from pyhelpers.deploy.cli.shared import group, json_option, service_argument, site_of, who
from pyhelpers.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.deploy.site import Site, Wanted
    from pyhelpers.errors import ProtostarError

detach_option = click.option(
    "--detach", is_flag=True, help="Return after the commit; the host drains and stops alone."
)


@group.command()
@service_argument
@click.argument("version")
@config_option
@json_option
def plan(service: str, version: str, file: Path, *, json_wanted: bool) -> None:
    """Print the steps that `run` would take. Changes nothing.

    \b
    VERSION is a tag of the service's image, a digest (@sha256:…), or a whole reference.
    Example:
      protostar deploy plan api v2
    """
    from pyhelpers.deploy import report
    from pyhelpers.deploy.pipeline import planned
    from pyhelpers.deploy.site import wanted_release

    site = site_of(file, service)
    wanted = wanted_release(site, version)
    _, steps = planned(site, wanted)
    if json_wanted:
        console.as_json(report.plan_as_dict(steps))
        return
    console.announce(report.headline(steps), steps.warnings)
    rows = [(n, step.name, step.what) for n, step in enumerate(steps.steps, start=1)]
    console.table(("", "step", "what"), rows) if rows else console.say("Nothing to do.")


@group.command()
@service_argument
@click.argument("version")
@config_option
@json_option
@detach_option
def run(service: str, version: str, file: Path, *, json_wanted: bool, detach: bool) -> None:
    """Deploy VERSION. Running it again changes nothing and says so.

    \b
    Examples:
      protostar deploy run api v2
      protostar deploy run api @sha256:… --json
    """
    from pyhelpers.deploy.site import wanted_release

    site = site_of(file, service)
    _carry_out(site, wanted_release(site, version), json_wanted=json_wanted, detach=detach)


@group.command()
@service_argument
@click.option("--to", help="A release id or label of the history; default: the last good one.")
@click.option("--now", is_flag=True, help="End the deploy that is going on, flip back, done.")
@config_option
@json_option
@detach_option
def rollback(
    service: str, to: str | None, file: Path, *, now: bool, json_wanted: bool, detach: bool
) -> None:
    """Back to the last good release: the same pipeline without hooks. Warm, it is one rename.

    \b
    Examples:
      protostar deploy rollback api
      protostar deploy rollback api --to v1
      protostar deploy rollback api --now
    """
    from pyhelpers.deploy.facts import read_history
    from pyhelpers.deploy.site import earlier_release

    site = site_of(file, service)
    if now and _ended_another(site, json_wanted=json_wanted):
        return
    wanted = earlier_release(site, read_history(site.host, service), to)
    _carry_out(site, wanted, json_wanted=json_wanted, detach=detach)


def _ended_another(site: Site, *, json_wanted: bool) -> bool:
    """True when the end of what was going on, or had just ended, was all that was needed."""
    from pyhelpers.deploy.end import end_deploy, wait_until_free
    from pyhelpers.deploy.facts import read_history, read_holder

    holder = read_holder(site.host, site.name)
    phase = end_deploy(site.host, site.name, holder, who()) if holder else "gone"
    if phase == "committed":
        wait_until_free(site.host, site.name, longer_s=site.service.stop_grace_s)
        return False
    records = read_history(site.host, site.name)
    if phase == "gone" and (not records or records[-1].good):
        return False
    # Undone by us, or by itself a moment ago: one release further back is not what was asked for.
    live = site.gateway.live().colour or "no colour"
    done = "was ended" if phase in ("open", "switched") else "had failed and was undone already"
    whose = holder.who if holder else records[-1].who
    if json_wanted:
        console.as_json({"outcome": "ended", "phase": phase, "ended": whose, "live": live})
    else:
        console.say(f"Done: the deploy of {whose} {done}, {live} serves")
    return True


def _carry_out(site: Site, wanted: Wanted, *, json_wanted: bool, detach: bool) -> None:
    from pyhelpers.deploy import report
    from pyhelpers.deploy.pipeline import carry_out
    from pyhelpers.errors import ProtostarError

    view = console.steps_view(json_wanted=json_wanted)
    try:
        result = carry_out(site, wanted, who(), view, detach=detach)
    except ProtostarError as problem:
        view.close()
        _notify(site, wanted, problem)
        raise
    view.close()
    if json_wanted:
        console.as_json(report.result_as_dict(result))
    else:
        console.say(report.summary(result))


def _notify(site: Site, wanted: Wanted, problem: ProtostarError) -> None:
    """Tell the team of a refusal or a flip-back; that somebody else deploys is neither."""
    webhook = site.config.notify.webhook if site.config.notify else None
    if webhook is None or problem.exit_code is Exit.LOCKED:
        return
    from pyhelpers.deploy.notify import notify

    told = {**problem.as_dict(), "error": problem.error.splitlines()[0]}  # no logs in a chat
    message = {**told, "service": site.name, "label": wanted.target.release.label}
    trouble = notify(webhook.reveal(), {**message, "who": who()})
    if trouble:
        console.warn(trouble)
