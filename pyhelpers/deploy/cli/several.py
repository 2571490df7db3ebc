"""One release to all hosts of a service: checked on all, then brought in turn, then told."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pyhelpers import console, interrupts
from pyhelpers.deploy import fleet, turns
from pyhelpers.deploy.cli.single import deploy, tell_team
from pyhelpers.errors import Exit, Interrupted, ProtostarError
from pyhelpers.hosts.cli import who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyhelpers.deploy.children import Children
    from pyhelpers.deploy.cli.single import How
    from pyhelpers.deploy.fleet import Outcome, Serving
    from pyhelpers.deploy.model import Release
    from pyhelpers.deploy.site import Site, Wanted


def bring(sites: Sequence[Site], wanted: Mapping[str, Wanted], how: How) -> None:
    """Raises the error that says what stands, when a host refuses or fails."""
    if len(sites) == 1:
        told = deploy(sites[0], wanted[sites[0].host.name], how)
        if how.options.json_wanted:
            console.as_json(told)
        return
    with interrupts.raised():
        going = {site.host.name: site for site in _left(sites, wanted, how)}
        _check(going, wanted, how)
    outcomes = _skipped([site.host.name for site in sites if site.host.name not in going], how)
    interrupted = _go(going, outcomes, wanted, how)
    _tell(sites, outcomes, interrupted, how)


def _left(sites: Sequence[Site], wanted: Mapping[str, Wanted], how: How) -> list[Site]:
    if not how.options.only_failed:
        return list(sites)
    names = fleet.left(_releases(wanted), serving_on(sites))
    return [site for site in sites if site.host.name in names]


def _releases(wanted: Mapping[str, Wanted]) -> dict[str, Release]:
    return {host: each.target.release for host, each in wanted.items()}


def serving_on(sites: Sequence[Site]) -> dict[str, Serving]:
    from pyhelpers.deploy.site import serving_of

    by_name = {site.host.name: site for site in sites}
    return turns.ask_all(by_name, lambda host: serving_of(by_name[host]))


def one_root(sites: Iterable[Site]) -> bool:
    return len({site.host.root for site in sites}) == 1


def _check(going: Mapping[str, Site], wanted: Mapping[str, Wanted], how: How) -> None:
    """Before any host is touched: no preflight refuses, and all would get the same."""
    from pyhelpers.deploy.pipeline import planned

    releases = {host: wanted[host].target.release for host in going}
    try:
        turns.ask_all(going, lambda host: planned(going[host], wanted[host]))
        fleet.check_same(releases, how.settle, one_root=one_root(going.values()))
    except ProtostarError as problem:
        first = next(iter(going))
        tell_team(going[first], wanted[first], problem, ", ".join(going))
        raise


def _skipped(names: Sequence[str], how: How) -> dict[str, Outcome]:
    return {name: how.already.get(name, fleet.Outcome(fleet.UNCHANGED)) for name in names}


def _go(
    going: Mapping[str, Site], tried: dict[str, Outcome], wanted: Mapping[str, Wanted], how: How
) -> Interrupted | None:
    order = list(going)
    settings = {site.config.services[site.name].parallel for site in going.values()}
    number = min(len(order), *settings) if settings else 0
    try:
        with interrupts.raised():
            if number > 1:
                turns.at_once(order, number, tried, _children(order, wanted, how))
            else:
                one = functools.partial(_in_turn, going, wanted, how)
                turns.one_by_one(order, tried, one)
    except Interrupted as problem:
        return problem
    return None


def _in_turn(
    going: Mapping[str, Site], wanted: Mapping[str, Wanted], how: How, host: str
) -> dict[str, Any]:
    if not how.options.json_wanted:
        console.say(f"{host} ({list(going).index(host) + 1} of {len(going)})")
    return deploy(going[host], wanted[host], how)


def _children(order: Sequence[str], wanted: Mapping[str, Wanted], how: How) -> Children:
    from pyhelpers.deploy.children import Children

    width = max(map(len, order))

    def say(host: str, line: str) -> None:
        if not how.options.json_wanted:
            console.say(f"{host:<{width}} | {line}")

    def argv_of(host: str) -> list[str]:
        release = wanted[host].target.release.id
        more = ["--file", str(how.options.file), *(["--detach"] if how.options.detach else [])]
        return fleet.child(sys.executable, [*how.words, release, *more], host)

    # The code that runs here, not what a folder of that name in the current one may hold.
    package = str(Path(__file__).parents[3])
    return Children(argv_of, {**os.environ, "PYTHONPATH": package, "PROTOSTAR_WHO": who()}, say)


def _tell(
    sites: Sequence[Site], outcomes: dict[str, Outcome], interrupted: Interrupted | None, how: How
) -> None:
    from pyhelpers.deploy.site import serving_of

    order = [site.host.name for site in sites]
    by_name = {site.host.name: site for site in sites}
    serving, _ = turns.ask(order, lambda host: serving_of(by_name[host]))
    problem: ProtostarError | None = fleet.failure(order, outcomes, how.again)
    if problem is None and interrupted is not None:
        problem = fleet.interruption(interrupted, order, outcomes, how.again)
    if how.options.json_wanted:
        code = problem.exit_code if problem else Exit.DONE
        told = fleet.as_dict(sites[0].name, order, outcomes, serving)
        console.as_json({**told, "exit_code": int(code)})
        click.get_current_context().exit(code)
    console.table(fleet.HEADINGS, fleet.rows(order, outcomes, serving))
    if problem is not None:
        raise problem
