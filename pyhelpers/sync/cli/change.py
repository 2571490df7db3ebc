"""The commands that change something, and `plan`, which says what they would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option
from pyhelpers.sync.cli.shared import (
    allowed,
    force_option,
    group,
    host_argument,
    json_option,
    open_site,
    overwrite_option,
    wanted,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.sync.model import Allowed, Target
    from pyhelpers.sync.pipeline import Site


@group.command()
@host_argument
@force_option
@config_option
@json_option
def plan(host: str, file: Path, *, force: bool, json_wanted: bool) -> None:
    """Print what `apply` would do. Changes nothing.

    \b
    Example:
      protostar sync plan a5
    """
    from pyhelpers.sync import pipeline, report

    config, site = open_site(file, host)
    made = pipeline.planned(site, wanted(config, site), allowed(force=force))
    if json_wanted:
        console.as_json(report.plan_as_dict(made))
        return
    console.announce(report.headline(made), made.warnings)
    for name in made.changed:
        console.say(f"  {name}")
    if made.steps:
        rows = [(n, step.name, step.what) for n, step in enumerate(made.steps, start=1)]
        console.table(("", "step", "what"), rows)


@group.command()
@host_argument
@click.option("--adopt", is_flag=True, help="Keep what was edited by hand there, and end there.")
@overwrite_option
@force_option
@config_option
@json_option
def apply(
    host: str, file: Path, *, adopt: bool, overwrite: bool, force: bool, json_wanted: bool
) -> None:
    """Bring HOST the configuration of this checkout. Again: nothing to do.

    Only what changed is applied: nginx is reloaded, changed containers are made anew. What is not
    well is put back. A service that `protostar deploy` switches is never touched.

    \b
    Examples:
      protostar sync apply a5
      protostar sync apply a5 --overwrite    undo what was edited there by hand
      protostar sync apply a5 --adopt        or make that the configuration that counts
    """
    from pyhelpers.sync import pipeline

    if adopt and overwrite:
        raise click.UsageError("--adopt keeps what --overwrite undoes: say one of them")
    config, site = open_site(file, host)
    target = pipeline.adopted(site) if adopt else wanted(config, site)
    if overwrite:
        _set_aside(site)
    _bring(site, target, allowed(force=force, drift=adopt or overwrite), json_wanted=json_wanted)
    if adopt:
        console.note("What was edited there counts now. Bring it into the checkout before the next")


def _set_aside(site: Site) -> None:
    from pyhelpers.sync.pipeline import set_aside

    digest = set_aside(site)
    if digest:
        again = f"protostar sync rollback {site.host.name} --to {digest}"
        console.note(f"What was edited there is kept as {digest}: {again}")


def _bring(site: Site, target: Target, allowed: Allowed, *, json_wanted: bool) -> None:
    from pyhelpers.sync import pipeline, report

    view = console.steps_view(json_wanted=json_wanted)
    try:
        made = pipeline.bring(site, target, allowed, view)
    finally:
        view.close()
    if json_wanted:
        console.as_json(report.plan_as_dict(made))
    elif made.steps:
        console.say(f"Done: {target.host} serves {target.digest}")
    else:
        console.say(report.headline(made))


@group.command()
@host_argument
@click.option("--to", help="A release of `history`, or how it begins; else the one before.")
@overwrite_option
@config_option
@json_option
def rollback(host: str, to: str | None, file: Path, *, overwrite: bool, json_wanted: bool) -> None:
    """Bring back the configuration before this one, from what HOST keeps. No checkout is read.

    \b
    Examples:
      protostar sync rollback a5
      protostar sync rollback a5 --to 3f2a
    """
    from pyhelpers.sync import pipeline

    _, site = open_site(file, host)
    target = pipeline.earlier(site, to)
    if overwrite:
        _set_aside(site)
    _bring(site, target, allowed(drift=overwrite), json_wanted=json_wanted)
