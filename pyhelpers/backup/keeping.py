"""A run: each item into the store, then what is too old out of it. `run` is the algorithm."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pyhelpers.backup import answers, commands, counts, metrics
from pyhelpers.backup.model import BASE, Item, Kind
from pyhelpers.backup.site import LONG_S
from pyhelpers.backup.snapshots import newest, shown
from pyhelpers.errors import PreflightError, ProtostarError
from pyhelpers.steps import Step, showing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.backup.model import Snapshot
    from pyhelpers.backup.site import Site


def run(site: Site, items: Sequence[Item], stamp: str, *, new_database: bool = False) -> list[Item]:
    """Keep `items`. Returns those that failed, each told where it happened.

    One that fails does not keep the others from being made; then nothing old is removed. Raises
    `PreflightError` before anything is begun.
    """
    before = site.open_store(make=True)
    if any(each.kind is Kind.POSTGRES for each in items) and not new_database:
        refuse_another_database(site, before)
    site.ask(commands.restic(commands.FILES, "unlock", "--quiet"))
    failed = [item for item in items if not _made(site, item, stamp)]
    site.measure("backup", metrics.of_backups(site.host.name, site.snapshots()))
    if not site.figures("drill"):
        site.measure("drill", metrics.never_drilled(site.host.name))
    if not failed:
        tidy(site)
    return failed


def _made(site: Site, item: Item, stamp: str) -> bool:
    step = Step(item.name, WHAT[item.kind])
    try:
        with showing(site.show, step, site.clock.monotonic):
            MAKERS[item.kind](site, item, f"run-{stamp}")
    except ProtostarError as wrong:
        site.show.note(str(wrong))
        return False
    return True


def refuse_another_database(site: Site, before: Sequence[Snapshot]) -> None:
    """An empty database on a new server must not be kept as the newest state of the old one."""
    last = newest(before, BASE)
    if last is None or not last.cluster or last.cluster == cluster(site):
        return
    name = site.host.name
    raise PreflightError(
        error=f"{name}: this is another database than the one that was kept on {shown(last.ended)}",
        try_=f"protostar backup restore {name}, or protostar backup run {name} --new-database",
    )


def cluster(site: Site) -> str:
    """The system identifier, which a database has for life."""
    return site.must(commands.psql("-c", commands.CLUSTER), "PostgreSQL does not answer").strip()


def base_backup(site: Site, item: Item, run_tag: str) -> None:
    line = site.must(commands.script(commands.LINE, "line"), "the WAL stream has not begun").strip()
    position = site.must(commands.psql("-c", commands.POSITION), "PostgreSQL does not answer")
    tags = [f"line-{line}", f"cluster-{cluster(site)}", run_tag]
    argv = commands.keep_output(tags, item.path, commands.BASE_BACKUP)
    _tell(site, site.must(argv, "the base backup failed", LONG_S))
    rotate = commands.script(commands.ROTATE, "rotate", position.strip())
    site.must(rotate, "the spool cannot be trimmed")


def dump(site: Site, item: Item, run_tag: str) -> None:
    """Dump and counts see the same moment: they share one snapshot of the database."""
    counted = f"/spool/{item.of}.counts"
    dumping = ["sh", "-c", f'exec pg_dump -Fc --snapshot="$TAKEN" --no-password {item.of}']
    command = shlex.join(commands.keep_output([run_tag], item.path, dumping))
    script = counts.dump_script(command, counted)
    psql = commands.psql("-d", item.of, "-f", "-")
    _tell(site, site.must(psql, f"the dump of {item.of} failed", LONG_S, stdin=script.encode()))
    also = commands.keep_output([run_tag], item.counts_path, ["cat", counted])
    site.must(also, f"the counts of {item.of} cannot be kept")
    rest = commands.keep_output([run_tag], "/globals.sql", commands.GLOBALS)
    site.must(rest, "the roles cannot be kept")


def redis(site: Site, item: Item, run_tag: str) -> None:
    argv = commands.keep_output([run_tag], item.path, commands.redis_dump(item.of))
    _tell(site, site.must(argv, f"{item.of} cannot be kept", LONG_S))


def folder(site: Site, item: Item, run_tag: str) -> None:
    argv = commands.keep_folder([run_tag], item.path, commands.excluded(item))
    _tell(site, site.must(argv, f"{item.path} cannot be kept", LONG_S))


def _tell(site: Site, text: str) -> None:
    told = answers.summary(text)
    read = answers.size(float(told.get("total_bytes_processed", 0)))
    site.show.note(f"{read}, {answers.size(float(told.get('data_added_packed', 0)))} of it new")


def tidy(site: Site) -> None:
    """What is too old goes, here and in a second store what is new is added."""
    keep = site.keep
    kept = [f"--keep-{unit}={getattr(keep, unit)}" for unit in ("daily", "weekly", "monthly")]
    with showing(site.show, Step("tidy up", " ".join(kept)), site.clock.monotonic):
        site.must(commands.forget(commands.FILES, kept), "old ones cannot be removed", LONG_S)
        if site.settings.postgres:
            # Each holds the WAL of two base backups: one a day leaves no second out.
            days = ["--keep-last=20", "--keep-hourly=48", f"--keep-daily={keep.daily + 1}"]
            # Only what is wholly of no use: that takes no time, in which nothing could be shipped.
            days += ["--max-unused=unlimited"]
            site.must(commands.forget(commands.WAL, days), "old WAL cannot be removed", LONG_S)
    with showing(site.show, Step("second store", "if there is one"), site.clock.monotonic):
        site.must(commands.script(commands.COPY, "copy"), "the second store failed", LONG_S)


WHAT = {
    Kind.POSTGRES: "a base backup; its WAL is shipped all the time",
    Kind.DUMP: "a dump, and what each table holds in its moment",
    Kind.REDIS: "its data as RDB",
    Kind.FOLDER: "its files",
}
MAKERS: dict[Kind, Callable[[Site, Item, str], None]] = {
    Kind.POSTGRES: base_backup,
    Kind.DUMP: dump,
    Kind.REDIS: redis,
    Kind.FOLDER: folder,
}
