"""`list` looks, `renew` changes."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path  # noqa: TC003 - click's callbacks are typed with it
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.certs.cli.shared import Opened, alone, group, names_argument
from pyhelpers.config.options import config_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.certs.pipeline import Done

json_option = click.option("--json", "json_wanted", is_flag=True, help="One object on stdout.")


@group.command(name="list")
@names_argument
@config_option
@json_option
def list_(names: tuple[str, ...], file: Path, *, json_wanted: bool) -> None:
    """Show what is there, until when, and what is due.

    \b
    Example:
      protostar certs list
    """
    from pyhelpers.certs import report

    opened = Opened(file, console.steps_view(json_wanted=True))
    looked = [(site, site.look(opened.asks(site))) for site in opened.sites(names)]
    if json_wanted:
        console.as_json([report.as_dict(site.folder, found) for site, found in looked])
    else:
        rows = [report.row(site.folder, found, time.time()) for site, found in looked]
        console.table(report.HEADINGS, rows)


@group.command()
@names_argument
@click.option("--force", is_flag=True, help="Also what is not due.")
@click.option("--new-key", is_flag=True, help="With a key of its own, and a reload.")
@config_option
@json_option
def renew(names: tuple[str, ...], file: Path, **wanted: bool) -> None:
    """Issue what is not there, and renew what is due. Again: nothing to do.

    Due is what has had two thirds of its time, or when the server says so (ARI). One that fails
    does not keep the others from being renewed; what is there goes on being served.

    \b
    Examples:
      protostar certs renew
      protostar certs renew shop.example.org --force
    """
    from pyhelpers.certs import pipeline

    view = console.steps_view(json_wanted=wanted["json_wanted"])
    try:
        opened = Opened(file, view)
        chosen = frozenset(site.folder for site in opened.sites(names))
        asked = pipeline.Wanted(
            chosen, opened.settings.mail, force=wanted["force"], new_key=wanted["new_key"]
        )
        with ExitStack() as held:
            sites = opened.sites(())
            for host in {site.host.name: site.host for site in sites}.values():
                held.enter_context(alone(host))
            done = [pipeline.renewed(s, opened.asks(s), opened.proof(s), asked) for s in sites]
            pipeline.keep_figures(done)
    finally:
        view.close()
    _tell([each for each in done if each.site.folder in chosen], json_wanted=wanted["json_wanted"])


def _tell(done: Sequence[Done], *, json_wanted: bool) -> None:
    from pyhelpers.certs import report

    if json_wanted:
        console.as_json([report.done_as_dict(each) for each in done])
    else:
        rows = [report.row(each.site.folder, each.looked, time.time()) for each in done]
        console.table(report.HEADINGS, rows)
    failed = [each.problem for each in done if each.problem is not None]
    if failed and not json_wanted:
        raise failed[0]
    if failed:
        click.get_current_context().exit(failed[0].exit_code)
