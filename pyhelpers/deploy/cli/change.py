"""The commands that change something, and `plan`, which says what they would."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option
from pyhelpers.deploy.cli.options import deploy_options, no_registry_option
from pyhelpers.deploy.cli.shared import (
    group,
    hosts_option,
    json_option,
    service_argument,
    sites_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyhelpers.deploy.cli.options import Options
    from pyhelpers.deploy.model import Plan
    from pyhelpers.deploy.site import Wanted


@group.command()
@service_argument
@click.argument("version")
@hosts_option
@no_registry_option
@config_option
@json_option
def plan(
    service: str,
    version: str,
    hosts: tuple[str, ...],
    file: Path,
    *,
    no_registry: bool,
    json_wanted: bool,
) -> None:
    """Print the steps that `run` would take, for each host. Changes nothing.

    \b
    VERSION is a tag of the service's image, a digest (@sha256:…), or a whole reference.
    Examples:
      protostar deploy plan api v2
      protostar deploy plan api v2 --no-registry
    """
    found = sites_of(file, service, hosts, no_registry=no_registry)
    # Imported while the hosts tell what `sites_of` has asked ahead.
    from pyhelpers.deploy import report
    from pyhelpers.deploy.pipeline import planned
    from pyhelpers.deploy.site import wanted_release
    from pyhelpers.deploy.turns import ask_all

    sites = {site.host.name: site for site in found}
    plans = ask_all(
        sites, lambda host: planned(sites[host], wanted_release(sites[host], version))[1]
    )
    if not json_wanted:
        for host, steps in plans.items():
            _show(host if len(plans) > 1 else "", steps)
    elif len(plans) == 1:
        console.as_json(*map(report.plan_as_dict, plans.values()))
    else:
        told = [{"host": host, **report.plan_as_dict(steps)} for host, steps in plans.items()]
        console.as_json({"service": service, "hosts": told})


def _show(host: str, steps: Plan) -> None:
    from pyhelpers.deploy import report

    if host:
        console.say(host)
    console.announce(report.headline(steps), steps.warnings)
    rows = [(n, step.name, step.what) for n, step in enumerate(steps.steps, start=1)]
    console.table(("", "step", "what"), rows) if rows else console.say("Nothing to do.")


@group.command()
@service_argument
@click.argument("version")
@click.option("--expect", hidden=True, help="Refuse when VERSION is another release by now.")
@no_registry_option
@deploy_options
def run(
    service: str, version: str, expect: str | None, options: Options, *, no_registry: bool
) -> None:
    """Deploy VERSION to the service's hosts. Running it again changes nothing and says so.

    Of several hosts one after another, or `parallel` at a time; the first failure stops the rest.

    With --no-registry the same image makes another release, with all its steps and hooks: an
    engine knows it by another digest than the registry does.

    \b
    Examples:
      protostar deploy run api v2
      protostar deploy run api @sha256:… --json
      protostar deploy run api v2 --only-failed
      protostar deploy run api v2 --no-registry   the registry is down, the image is here
    """
    from pyhelpers import interrupts

    with interrupts.raised():
        sites = sites_of(options.file, service, options.hosts, no_registry=no_registry)
        # Imported while the hosts tell what `sites_of` has asked ahead.
        from pyhelpers.deploy.cli.several import bring
        from pyhelpers.deploy.cli.single import How
        from pyhelpers.deploy.site import wanted_release
        from pyhelpers.deploy.turns import ask_all

        by_name = {site.host.name: site for site in sites}
        wanted = ask_all(by_name, lambda host: wanted_release(by_name[host], version))
        _must_be(expect, wanted)
    words = ("run", service, version, *(["--no-registry"] if no_registry else []))
    typed = f"protostar deploy {shlex.join(words)}"
    bring(
        sites,
        wanted,
        How(options, (*words, "--expect"), f"{typed} {options.again}", f"{typed} --host NAME"),
    )


def _must_be(expected: str | None, wanted: Mapping[str, Wanted]) -> None:
    """A tag that was moved meanwhile would give the later hosts another release."""
    from pyhelpers.errors import PreflightError

    for host, each in wanted.items():
        if expected not in (None, each.target.release.id):
            release = each.target.release
            raise PreflightError(
                error=f"{host}: {release.label} is release {release.id} by now, not {expected}",
                try_="the same command again, for all hosts",
            )
