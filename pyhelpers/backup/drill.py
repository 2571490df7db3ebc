"""Prove that backups come back: into scratch containers, and compared with what was kept."""

from __future__ import annotations

import posixpath
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyhelpers.backup import commands, counts, metrics, placing, postgres, space
from pyhelpers.backup.model import BASE, Checked, Item, Kind, Place
from pyhelpers.backup.site import ASK_S, LONG_S
from pyhelpers.backup.snapshots import beside, newest, point_for, shown
from pyhelpers.errors import FailedBeforeSwitch, ProtostarError
from pyhelpers.steps import Step, showing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyhelpers.backup.model import Snapshot
    from pyhelpers.backup.site import Site

MOUNT = "/var/lib/postgresql"
LOADS_WITHIN_S = 120.0


def drill(site: Site, items: Sequence[Item], stamp: str) -> list[Checked]:
    """Each item from the store into a scratch container; one that fails does not end the rest."""
    files = site.open_store()
    checked = [_checked(site, item, files, stamp) for item in items]
    keep_figures(site, "drill", checked)
    return checked


def keep_figures(site: Site, kind: str, checked: Sequence[Checked]) -> None:
    before = site.figures(kind)
    text = metrics.of_checks(site.host.name, kind, checked, site.clock.time(), before)
    site.measure(kind, text)


def _checked(site: Site, item: Item, files: Sequence[Snapshot], stamp: str) -> Checked:
    began_s = site.clock.monotonic()
    try:
        what, size = DRILLS[item.kind](site, item, files, stamp)
    except ProtostarError as wrong:
        return Checked(item.name, "did not come back", wrong.error, _since(site, began_s))
    return Checked(item.name, what, "", _since(site, began_s), size)


def _since(site: Site, began_s: float) -> float:
    return round(site.clock.monotonic() - began_s, 1)


def the_newest(site: Site, item: Item, files: Sequence[Snapshot]) -> Snapshot:
    found = newest(files, item.path)
    if found is None:
        raise FailedBeforeSwitch(
            error=f"the store has no {item.name}", try_=f"protostar backup run {site.host.name}"
        )
    return found


@contextmanager
def scratch(site: Site, stamp: str, wanted_bytes: int) -> Iterator[tuple[str, Place]]:
    """A volume and the name of a container, both gone afterwards.

    Raises `PreflightError` when what comes back would fill the disk of those who serve.
    """
    name = f"{site.keeper.name}-drill-{stamp}"
    site.on_host(
        ["docker", "volume", "create", "--label", commands.LABEL, name], "no scratch volume"
    )
    place = Place(name, MOUNT, MOUNT, "999:999")
    try:
        space.enough(site, site.keeper.image, place, wanted_bytes)
        yield name, place
    finally:
        site.host.run(commands.remove(name), deadline_s=ASK_S)
        site.host.run(["docker", "volume", "rm", "--force", name], deadline_s=ASK_S)


def database(site: Site, _item: Item, files: Sequence[Snapshot], stamp: str) -> tuple[str, int]:
    point = point_for(files, site.snapshots(commands.WAL), None)
    image = site.container(str(site.settings.postgres)).image
    with scratch(site, stamp, point.size_bytes) as (name, place):
        postgres.bring(site, image, place, point, name)
        found = {db: postgres.counted(site, name, db) for db in site.settings.databases}
        postgres.stop(site, name)
        pages = ["pg_checksums", "--check", f"--pgdata={place.restored}"]
        site.on_host(placing.beside(image, place, pages), "a page is damaged", LONG_S)
    told = sum(counts.rows(each) for each in found.values())
    return f"opens as of {shown(point.reaches)}; {told} rows; every page whole", point.size_bytes


def dump(site: Site, item: Item, files: Sequence[Snapshot], stamp: str) -> tuple[str, int]:
    """Raises `FailedBeforeSwitch` when a table has other rows than in the moment of the dump."""
    kept = the_newest(site, item, files)
    also = beside(files, kept, item.counts_path)
    if also is None:
        raise FailedBeforeSwitch(error=f"{item.name} has no counts beside it")
    there = site.must(
        commands.dumped(also.id, item.counts_path), "its counts cannot be read", LONG_S
    )
    image = site.container(str(site.settings.postgres)).image
    base = newest(files, BASE)
    # A dump is compressed and has no indexes: how big that gets, the base backup knows.
    wanted_bytes = max(kept.size_bytes, base.size_bytes if base else 0)
    with scratch(site, stamp, wanted_bytes) as (name, place):
        postgres.load_dump(site, image, place, kept, item.of, name)
        found = postgres.counted(site, name, item.of)
    told = counts.differences(counts.counts_of(there), found)
    if told:
        raise FailedBeforeSwitch(error="\n".join(told))
    return f"{len(found)} tables, {counts.rows(found)} rows, all as they were", kept.size_bytes


def redis(site: Site, item: Item, files: Sequence[Snapshot], stamp: str) -> tuple[str, int]:
    """Redis itself has to load it: it is stricter than what checks files."""
    kept, real = the_newest(site, item, files), site.container(item.of)
    with scratch(site, stamp, kept.size_bytes) as (name, _):
        place = Place(name, "/data", "/data", "0:0")
        inside = commands.within(site.keeper.id, commands.dumped(kept.id, item.path))
        words = ["sh", "-c", placing.QUEUE, "queue", place.folder]
        sink = placing.beside(site.keeper.image, place, words, "--interactive")
        site.on_host(commands.pipe(inside, sink), f"{item.of} is damaged", LONG_S)
        site.on_host(placing.server(real.image, place, name, placing.REDIS), "no scratch Redis")
        return f"{_keys(site, name)} keys", kept.size_bytes


def _keys(site: Site, name: str) -> str:
    """Raises `FailedBeforeSwitch` when it does not load them."""
    deadline_s = site.clock.monotonic() + LOADS_WITHIN_S
    pong = commands.within(name, ["sh", "-c", placing.PONG])
    while not site.host.run(pong, deadline_s=ASK_S).ok:
        if site.clock.monotonic() > deadline_s or not postgres.runs(site, name):
            logs = site.host.run(["docker", "logs", "--tail", "3", name], deadline_s=ASK_S)
            raise FailedBeforeSwitch(error=f"Redis does not load it: {logs.out.strip()}")
        site.clock.sleep(postgres.POLL_S)
    return site.on_host(commands.within(name, ["redis-cli", "dbsize"]), "no answer").strip()


def folder(site: Site, item: Item, files: Sequence[Snapshot], _stamp: str) -> tuple[str, int]:
    """Each file is read to its end, which its checksum must agree with."""
    kept = the_newest(site, item, files)
    source = commands.dumped_folder(commands.FILES, kept.id, item.path)
    inside = commands.within(site.keeper.id, commands.bounded(LONG_S, source))
    listed = site.on_host(commands.pipe(inside, ["tar", "-t"]), f"{item.path} is damaged", LONG_S)
    found = sum(not line.endswith("/") for line in listed.splitlines())
    return f"{found} files", kept.size_bytes


DRILLS: dict[Kind, Callable[[Site, Item, Sequence[Snapshot], str], tuple[str, int]]] = {
    Kind.POSTGRES: database,
    Kind.DUMP: dump,
    Kind.REDIS: redis,
    Kind.FOLDER: folder,
}


def verify(site: Site, share: str) -> list[Checked]:
    """Read the store: its structure, and `share` of its data ("100%", or a part of it).

    Without restic's lock, which would keep the WAL from being shipped meanwhile; the caller's own
    keeps away the only one that removes something.
    """
    site.open_store()
    repositories = [commands.FILES, *([commands.WAL] if site.settings.postgres else [])]
    checked = [_read(site, each, share) for each in repositories]
    keep_figures(site, "verify", checked)
    return checked


def _read(site: Site, repository: str, share: str) -> Checked:
    began_s = site.clock.monotonic()
    argv = commands.restic(
        repository, "check", "--no-lock", "--no-cache", f"--read-data-subset={share}"
    )
    with showing(site.show, Step(f"read {repository}", share), site.clock.monotonic):
        done = site.ask(argv, LONG_S)
    what = f"{share} of it read"
    if done.ok:
        return Checked(repository, what, "", _since(site, began_s))
    lines = [line for line in f"{done.err}\n{done.out}".splitlines() if line.strip()]
    wrong = [line.strip() for line in lines if "error" in line.lower() or "pack" in line.lower()]
    return Checked(repository, what, "\n".join(wrong[:5]) or lines[-1], _since(site, began_s))


def fetch(site: Site, item: Item, to: str) -> None:
    """The newest of it into a file of the host, whole or not at all."""
    kept = the_newest(site, item, site.open_store())
    space.enough_at(site, posixpath.dirname(to) or ".", kept.size_bytes)
    if item.kind is Kind.FOLDER:
        source = commands.dumped_folder(commands.FILES, kept.id, item.path)
    else:
        source = commands.dumped(kept.id, item.path)
    inside = commands.within(site.keeper.id, commands.bounded(LONG_S, source))
    fetching = commands.pipe(inside, placing.write(to))
    site.on_host(fetching, f"{item.name} cannot be fetched", LONG_S)
    site.on_host(placing.keep_written(to), f"{to} cannot be written")
