"""Bring PostgreSQL back beside what is used: base backup, WAL, replay, and a look at what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.backup import answers, commands, counts, placing
from pyhelpers.backup.model import BASE, WAL
from pyhelpers.backup.site import ASK_S, LONG_S
from pyhelpers.backup.snapshots import shown
from pyhelpers.errors import FailedBeforeSwitch
from pyhelpers.steps import Step, showing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.backup.model import Place, Point, Snapshot
    from pyhelpers.backup.site import Site

RECORD_BYTES = 10240
ENDED_EARLY = "recovery ended before configured recovery target was reached"
POLL_S = 0.5


def bring(site: Site, image: str, place: Place, point: Point, name: str) -> None:
    """`point` into `place`, replayed; then the server `name` runs there and can be asked."""
    fetch(site, image, place, point)
    verify(site, image, place)
    replay(site, image, place, point, name)


def fetch(site: Site, image: str, place: Place, point: Point) -> None:
    base, wal = point.base, point.wal
    alone(site, image, place, placing.CLEAR, "the volume cannot be written")
    with showing(
        site.show, Step("fetch base", answers.size(base.size_bytes)), site.clock.monotonic
    ):
        stream(site, commands.dumped(base.id, BASE), base.size_bytes, image, place, place.restored)
    if wal is not None:
        with showing(
            site.show, Step("fetch WAL", answers.size(wal.size_bytes)), site.clock.monotonic
        ):
            source = commands.dumped_folder(commands.WAL, wal.id, WAL)
            stream(site, source, wal.size_bytes, image, place, place.wal)


def stream(
    site: Site, source: Sequence[str], total: int, image: str, place: Place, into: str
) -> None:
    """From the store through a pipe into the volume: no second copy on the disk."""

    def told(line: str) -> None:
        if line.isdigit() and total:
            done = min(int(line) * RECORD_BYTES, total)
            site.show.note(f"{answers.size(done)}, {100 * done // total} %")

    inside = commands.within(site.keeper.id, commands.bounded(LONG_S, source))
    sink = placing.beside(image, place, placing.unpack(into), "--interactive")
    site.on_host(commands.pipe(inside, sink), "it cannot be fetched", LONG_S, on_line=told)


def verify(site: Site, image: str, place: Place) -> None:
    """Every file by the checksum that the server gave it."""
    with showing(site.show, Step("verify", "every file by its checksum"), site.clock.monotonic):
        argv = ["pg_verifybackup", "--quiet", place.restored]
        site.on_host(placing.beside(image, place, argv), "the base backup is damaged", LONG_S)


def replay(site: Site, image: str, place: Place, point: Point, name: str) -> None:
    """Raises `FailedBeforeSwitch` with the server's last lines when it does not open."""
    with showing(site.show, Step("replay", "the WAL, then open"), site.clock.monotonic):
        alone(site, image, place, placing.RECOVERY, "the volume cannot be written")
        if point.target is not None:
            # Beyond the last commit there is nothing to stop at: then all of it is wanted.
            if _opened(site, image, place, name, shown(point.target)):
                return
            alone(site, image, place, placing.RECOVERY, "the volume cannot be written")
        if not _opened(site, image, place, name, ""):
            raise FailedBeforeSwitch(error=f"{site.host.name}: the WAL does not reach its end")


def _opened(site: Site, image: str, place: Place, name: str, target: str) -> bool:
    """False: the WAL ended before the target."""
    site.on_host(commands.remove(name), "an old container cannot be removed")
    start = placing.server(image, place, name, placing.recover(place, target))
    site.on_host(start, "the scratch server cannot be started")
    return wait_open(site, name)


def wait_open(site: Site, name: str) -> bool:
    deadline_s = site.clock.monotonic() + LONG_S
    while site.clock.monotonic() < deadline_s:
        if asked(site, name, "SELECT 1") is not None:
            return True
        if not runs(site, name):
            return _why_it_ended(site, name)
        site.clock.sleep(POLL_S)
    raise FailedBeforeSwitch(error=f"{site.host.name}: the replay does not end")


def runs(site: Site, name: str) -> bool:
    """Not by turns either, as one that its restart policy starts again and again."""
    shown = "{{.State.Status}} {{.RestartCount}}"
    argv = ["docker", "inspect", "--format", shown, name]
    return site.host.run(argv, deadline_s=ASK_S).out.strip() == "running 0"


def _why_it_ended(site: Site, name: str) -> bool:
    logs = site.host.run(["docker", "logs", "--tail", "30", name], deadline_s=ASK_S)
    said = f"{logs.out}{logs.err}"
    if ENDED_EARLY in said:
        return False
    raise FailedBeforeSwitch(
        error=f"{site.host.name}: PostgreSQL does not open what came back:\n{said.strip()}",
        try_="an earlier --to, which takes the base backup before",
    )


def asked(site: Site, name: str, sql: str, database: str = "postgres") -> str | None:
    """None when it does not answer."""
    psql = commands.psql("-U", "postgres", "-d", database, "-f", "-")
    argv = commands.within(name, psql, stdin=True)
    done = site.host.run(argv, deadline_s=LONG_S, stdin=sql.encode())
    return done.out if done.ok else None


def counted(site: Site, name: str, database: str) -> counts.Counts:
    told = asked(site, name, counts.COUNT, database)
    if told is None:
        raise FailedBeforeSwitch(error=f"{site.host.name}: there is no database {database} in it")
    return counts.counts_of(told)


def stop(site: Site, name: str) -> None:
    """In its own order: what it has in memory is on the disk afterwards."""
    site.on_host(["docker", "stop", "--timeout", "300", name], "it cannot be stopped", 320)
    site.on_host(commands.remove(name), "it cannot be removed")


def load_dump(
    site: Site, image: str, place: Place, dump: Snapshot, database: str, name: str
) -> None:
    """A dump into a new server called `name`."""
    alone(site, image, place, placing.CLEAR, "the volume cannot be written")
    site.on_host(placing.server(image, place, name, placing.empty_cluster()), "no scratch server")
    wait_open(site, name)
    site.on_host(
        commands.within(name, ["createdb", "-U", "postgres", database]), "no scratch database"
    )
    inside = commands.within(
        site.keeper.id, commands.bounded(LONG_S, commands.dumped(dump.id, dump.path))
    )
    # Who owns what is the roles' affair, and roles are no part of a database.
    sink = ["pg_restore", "-U", "postgres", "-d", database, "--no-owner", "--no-acl"]
    load = commands.pipe(inside, commands.within(name, [*sink, "--exit-on-error"], stdin=True))
    site.on_host(load, f"the dump of {database} cannot be read", LONG_S)


def alone(site: Site, image: str, place: Place, text: str, what: str, *arguments: str) -> None:
    """A short script on the volume."""
    argv = commands.script(text, "place", place.folder, *arguments)
    site.on_host(placing.beside(image, place, argv), what, LONG_S)
