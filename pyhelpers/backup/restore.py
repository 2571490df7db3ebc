"""Bring a host's data back. What is there is put aside by a rename, never overwritten in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.backup import commands, keeping, placing, postgres, report, space
from pyhelpers.backup.model import SOURCES, Item, Kind, Place, Point, Snapshot
from pyhelpers.backup.site import LONG_S
from pyhelpers.backup.snapshots import newest, point_for, shown
from pyhelpers.errors import FailedAfterSwitch, PreflightError, ProtostarError
from pyhelpers.steps import Step, showing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.backup.site import Site

ANSWERS_WITHIN_S = 180.0
# Of compose/a5/redis/queue.conf.
LOG = "/data/appendonlydir"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item, and what of the store it is brought back from."""

    item: Item
    snapshot: Snapshot
    point: Point | None = None

    @property
    def reaches(self) -> float:
        return self.point.reaches if self.point else self.snapshot.ended

    @property
    def size_bytes(self) -> int:
        return self.point.size_bytes if self.point else self.snapshot.size_bytes


def wanted(site: Site, items: Sequence[Item], target: float | None) -> list[Wanted]:
    """What would be brought back. Raises `PreflightError` when the store does not have it."""
    files = site.open_store()
    return [_wanted(site, item, files, target) for item in items]


def _wanted(site: Site, item: Item, files: Sequence[Snapshot], target: float | None) -> Wanted:
    if item.kind is Kind.POSTGRES:
        point = point_for(files, site.snapshots(commands.WAL), target)
        return Wanted(item, point.base, point)
    if item.kind is Kind.DUMP:
        command = f"protostar backup fetch {site.host.name} {item.name} FILE"
        raise PreflightError(
            error=f"{item.name} is a second format, and is not restored in place",
            try_=f"{command}, then pg_restore --dbname NEW FILE",
        )
    found = newest(files, item.path, target)
    if found is None:
        raise PreflightError(
            error=f"{site.host.name}: the store has no {item.name} of that time",
            try_=f"protostar backup list {site.host.name}",
        )
    return Wanted(item, found)


def lost(each: Wanted, now: float) -> str:
    """What a person agrees to."""
    span = report.span(max(0.0, now - each.reaches))
    return f"{each.item.name}: back to {shown(each.reaches)}; what came in the {span} since is lost"


def restore(site: Site, chosen: Sequence[Wanted], stamp: str) -> None:
    """Each item in turn. Before its switch a failure leaves it as it was."""
    for each in chosen:
        BRING[each.item.kind](site, each, stamp)


def database(site: Site, each: Wanted, stamp: str) -> None:
    """Beside, proven, then swapped; then a new row of WAL begins, with a base backup of its own."""
    real = site.container(str(site.settings.postgres))
    place = real.beside(real.data)
    assert each.point is not None  # noqa: S101 - of this kind it always has one
    name = f"{real.name}-restore"
    space.enough(site, real.image, place, each.size_bytes)
    try:
        postgres.bring(site, real.image, place, each.point, name)
        postgres.stop(site, name)
    finally:
        site.host.run(commands.remove(name), deadline_s=LONG_S)
    swap(site, place, real.data, stamp, real.name, ["pg_isready", "--quiet"])
    _begin_anew(site, stamp)


def _begin_anew(site: Site, stamp: str) -> None:
    """WAL of before does not lead on from here."""
    step = Step("new base", "a row of WAL of its own")
    try:
        with showing(site.show, step, site.clock.monotonic):
            site.must(commands.script(commands.NEW_LINE, "anew"), "the spool cannot be emptied")
            restart = ["docker", "restart", site.keeper.name]
            site.on_host(restart, "the stream cannot be restarted", 60)
            keeping.base_backup(site, Item(Kind.POSTGRES), f"run-{stamp}")
    except ProtostarError as wrong:
        raise FailedAfterSwitch(
            error=wrong.error,
            state="the database is back and serves; there is no base backup of it yet",
            try_=f"protostar backup run {site.host.name}",
        ) from None


def swap(
    site: Site, place: Place, used: str, stamp: str, container: str, well: Sequence[str]
) -> None:
    """For the moment of a rename nobody may have it open. Does it not get well, it is put back.

    Raises `FailedAfterSwitch`.
    """
    aside = f"{place.folder}/before-{stamp}"
    step = Step("swap", f"what was there is kept as {aside} in {place.volume}")
    with showing(site.show, step, site.clock.monotonic):
        _exchanged(site, place, container, placing.SWAP, used, aside)
        if _answers(site, container, well):
            return
        _exchanged(site, place, container, placing.SWAP_BACK, used, aside)
        raise FailedAfterSwitch(
            error=f"{container} does not get well with what came back",
            state=f"it has again what it had before; what came is in {place.folder}/refused",
            try_=f"docker logs {container}",
        )


def _exchanged(site: Site, place: Place, container: str, text: str, used: str, aside: str) -> None:
    stop = ["docker", "stop", "--timeout", "120", container]
    site.on_host(stop, f"{container} goes on", 140)
    try:
        words = ["sh", "-c", text, "swap", place.folder, used, aside]
        argv = placing.beside(site.keeper.image, place, words)
        site.on_host(argv, "it cannot be swapped", LONG_S)
    finally:
        started(site, (container,))


def _answers(site: Site, container: str, well: Sequence[str]) -> bool:
    deadline_s = site.clock.monotonic() + ANSWERS_WITHIN_S
    while site.clock.monotonic() < deadline_s:
        if site.host.run(commands.within(container, well), deadline_s=30).ok:
            return True
        if not postgres.runs(site, container):
            return False
        site.clock.sleep(postgres.POLL_S)
    return False


def started(site: Site, containers: Sequence[str]) -> None:
    """Raises `FailedAfterSwitch` when one does not start."""
    for name in containers:
        try:
            site.on_host(["docker", "start", name], f"{name} does not start")
        except ProtostarError as wrong:
            raise FailedAfterSwitch(
                error=wrong.error, state=f"{name} is stopped", try_=f"docker start {name}"
            ) from None


def queue(site: Site, each: Wanted, stamp: str) -> None:
    """As the base of Redis's log: with a log it reads no RDB beside it."""
    real = site.container(each.item.of)
    place = real.beside(LOG)
    space.enough(site, site.keeper.image, place, each.size_bytes)
    with showing(site.show, Step("fetch", each.item.name), site.clock.monotonic):
        inside = commands.within(site.keeper.id, commands.dumped(each.snapshot.id, each.item.path))
        words = ["sh", "-c", placing.QUEUE, "queue", place.folder]
        sink = placing.beside(site.keeper.image, place, words, "--interactive")
        site.on_host(commands.pipe(inside, sink), f"{each.item.of} cannot be fetched", LONG_S)
    swap(site, place, LOG, stamp, real.name, ["sh", "-c", placing.PONG])


def folder(site: Site, each: Wanted, stamp: str) -> None:
    """Its entries one by one; whoever has it mounted is stopped meanwhile."""
    path = f"{SOURCES}/{each.item.of}"
    source = site.keeper.volumes.get(path, "")
    place = Place(source, "/target", "/target", "0:0")
    using = _using(site, source)
    space.enough(site, site.keeper.image, place, each.size_bytes)
    with showing(site.show, Step("fetch", each.item.name), site.clock.monotonic):
        for name in using:
            site.on_host(["docker", "stop", "--timeout", "120", name], f"{name} goes on", 140)
        try:
            _unpack(site, place, each.snapshot.id, path)
            words = ["sh", "-c", placing.MOVE_FOLDER, "move", "/target", f"before-{stamp}"]
            argv = placing.beside(site.keeper.image, place, words)
            site.on_host(argv, f"{path} cannot be put in its place", LONG_S)
        finally:
            started(site, using)


def _unpack(site: Site, place: Place, snapshot: str, path: str) -> None:
    source = commands.dumped_folder(commands.FILES, snapshot, path)
    inside = commands.within(site.keeper.id, source)
    words = ["sh", "-c", placing.UNPACK_FOLDER, "unpack", place.folder]
    sink = placing.beside(site.keeper.image, place, words, "--interactive")
    site.on_host(commands.pipe(inside, sink), f"{path} cannot be fetched", LONG_S)


def _using(site: Site, source: str) -> tuple[str, ...]:
    """Running ones with it mounted, or a part of it."""
    return tuple(
        each.name
        for each in site.containers.values()
        if each.running
        and each is not site.keeper
        and any(v == source or v.startswith(f"{source}/") for v in each.volumes.values())
    )


BRING: dict[Kind, Callable[[Site, Wanted, str], None]] = {
    Kind.POSTGRES: database,
    Kind.REDIS: queue,
    Kind.FOLDER: folder,
}
