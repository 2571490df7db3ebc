"""The commands that look, and prove: list, drill, verify."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - click's callbacks are typed with it
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.backup.cli import shared
from pyhelpers.config.options import config_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.backup.model import Checked


@shared.group.command(name="list")
@shared.host_argument
@config_option
@shared.json_option
def list_(host: str, file: Path, *, json_wanted: bool) -> None:
    """Show what the store has of HOST, and up to when the WAL is there.

    \b
    Example:
      protostar backup list a5
    """
    from pyhelpers.backup import commands, report

    with shared.opened(file, host, json_wanted=json_wanted) as site:
        kept, wal = site.open_store(), site.snapshots(commands.WAL)
    if json_wanted:
        console.as_json(report.list_as_dict(host, site.items, (*kept, *wal)))
        return
    console.table(report.HEADINGS, report.rows(kept))
    if site.settings.postgres:
        console.say(report.wal_line(wal, site.clock.time()))


@shared.group.command()
@shared.host_argument
@shared.only_option
@config_option
@shared.json_option
def drill(host: str, only: tuple[str, ...], file: Path, *, json_wanted: bool) -> None:
    """Bring HOST's newest backups back into scratch containers, and compare what came.

    What runs is not touched. Exit code 6 when something did not come back as it was.

    \b
    Example:
      protostar backup drill a5
    """
    from pyhelpers.backup import drill as drilling

    with shared.opened(file, host, json_wanted=json_wanted) as site, shared.alone(site):
        checked = drilling.drill(site, shared.chosen_items(site, only), shared.stamp())
    _tell(host, checked, json_wanted=json_wanted)


@shared.group.command()
@shared.host_argument
@click.option("--all", "everything", is_flag=True, help="Read all of it, not a tenth.")
@config_option
@shared.json_option
def verify(host: str, file: Path, *, everything: bool, json_wanted: bool) -> None:
    """Read HOST's part of the store: its structure, and a tenth of its data.

    Exit code 6 when something is damaged.

    \b
    Examples:
      protostar backup verify a5
      protostar backup verify a5 --all
    """
    from pyhelpers.backup import drill as drilling

    with shared.opened(file, host, json_wanted=json_wanted) as site, shared.alone(site):
        checked = drilling.verify(site, "100%" if everything else "10%")
    _tell(host, checked, json_wanted=json_wanted)


def _tell(host: str, checked: Sequence[Checked], *, json_wanted: bool) -> None:
    from pyhelpers.backup import report
    from pyhelpers.errors import Exit, FailedBeforeSwitch

    wrong = [each for each in checked if each.wrong]
    if json_wanted:
        console.as_json(report.checks_as_dict(host, checked))
        if wrong:
            click.get_current_context().exit(Exit.FAILED_BEFORE_SWITCH)
        return
    console.table(("", "item", "found", "seconds"), [report.check_row(each) for each in checked])
    if wrong:
        raise FailedBeforeSwitch(
            error="\n".join(f"{each.item}: {each.wrong}" for each in wrong),
            state="what runs was not touched",
            try_=f"protostar backup run {host}, then again; docs/backup.md, Damage",
        )
