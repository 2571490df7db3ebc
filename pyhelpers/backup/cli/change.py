"""The commands that write: into the store, or back onto a host."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from pyhelpers import console
from pyhelpers.backup.cli import shared
from pyhelpers.config.options import config_option


@shared.group.command()
@shared.host_argument
@shared.only_option
@click.option("--dry-run", is_flag=True, help="Say what would be kept.")
@click.option("--new-database", is_flag=True, help="Also a database that was never kept here.")
@config_option
@shared.json_option
def run(
    host: str,
    only: tuple[str, ...],
    file: Path,
    *,
    dry_run: bool,
    new_database: bool,
    json_wanted: bool,
) -> None:
    """Keep what protostar.yml names of HOST, then remove what is too old.

    One item that fails does not keep the others from being made; then nothing is removed.

    \b
    Examples:
      protostar backup run a5
      protostar backup run a5 --only dump:protostar
    """
    from pyhelpers.backup import keeping, report
    from pyhelpers.errors import FailedBeforeSwitch

    with shared.opened(file, host, json_wanted=json_wanted) as site:
        items = shared.chosen_items(site, only)
        if dry_run:
            console.table(("item", "what"), [(i.name, keeping.WHAT[i.kind]) for i in items])
            return
        with shared.alone(site):
            failed = keeping.run(site, items, shared.stamp(), new_database=new_database)
            kept = site.snapshots() if json_wanted else ()
    if failed:
        raise FailedBeforeSwitch(
            error=f"{host}: not kept: {', '.join(item.name for item in failed)}",
            state="the others were kept; nothing old was removed",
            try_=f"protostar backup run {host}",
        )
    if json_wanted:
        console.as_json(report.list_as_dict(host, items, kept))
    else:
        console.say(f"Done: {', '.join(item.name for item in items)}")


def _moment(_ctx: click.Context, _param: click.Parameter, text: str | None) -> float | None:
    """`2026-11-27 03:15:00`, with `Z`, `UTC` or an offset; without one it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"\s*UTC$", "+00:00", text.strip()))
    except ValueError:
        raise click.BadParameter("a moment, as in '2026-11-27 03:15:00'; UTC") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@shared.group.command()
@shared.host_argument
@shared.only_option
@click.option("--to", "target", callback=_moment, help="The second to go back to, UTC.")
@click.option("--dry-run", is_flag=True, help="Say what would come back and what is lost.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@shared.json_option
def restore(  # noqa: PLR0913 - each is an option of the command
    host: str,
    only: tuple[str, ...],
    target: float | None,
    file: Path,
    *,
    dry_run: bool,
    yes: bool,
    json_wanted: bool,
) -> None:
    """Bring HOST's data back, to the newest state that the store has or to a second.

    It is brought back and proven beside what is there, which is then put aside, not removed.

    \b
    Examples:
      protostar backup restore a5
      protostar backup restore a5 --only postgres --to '2026-11-27 03:15:00'
    """
    from pyhelpers.backup import report
    from pyhelpers.backup import restore as restoring
    from pyhelpers.backup.model import Kind

    with shared.opened(file, host, json_wanted=json_wanted) as site:
        items = [i for i in shared.chosen_items(site, only) if only or i.kind is not Kind.DUMP]
        chosen = restoring.wanted(site, items, target)
        told = [restoring.lost(each, site.clock.time()) for each in chosen]
        if not json_wanted:
            console.announce("\n".join(told), [])
        if dry_run:
            return
        _agreed(host, yes=yes)
        began_s = site.clock.monotonic()
        with shared.alone(site):
            restoring.restore(site, chosen, shared.stamp())
        seconds = site.clock.monotonic() - began_s
    if json_wanted:
        console.as_json(report.restored_as_dict(host, chosen, seconds))
    else:
        console.say(report.restored(chosen, seconds))


def _agreed(host: str, *, yes: bool) -> None:
    if not yes:
        question = f"This replaces what {host} has now. Go on?"
        click.confirm(question, abort=True, err=True)


@shared.group.command()
@shared.host_argument
@click.argument("item")
@click.argument("to", type=click.Path(path_type=Path))
@config_option
def fetch(host: str, item: str, to: Path, file: Path) -> None:
    """Write ITEM's newest backup into a file on HOST: a dump, an RDB, a folder's tar.

    \b
    Example:
      protostar backup fetch a5 dump:protostar /srv/protostar.dump
    """
    from pyhelpers.backup import drill

    with shared.opened(file, host) as site:
        found = shared.chosen_items(site, (item,))
        drill.fetch(site, found[0], str(to))
    console.say(f"Done: {to} on {host}")
