"""restic's answers → snapshots, and which of them a restore takes. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyhelpers.backup.model import BASE, GLOBALS, WAL, Item, Kind, Point, Snapshot
from pyhelpers.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def snapshots_of(text: str) -> tuple[Snapshot, ...]:
    """`restic snapshots --json`, oldest first."""
    found = [_snapshot(each) for each in json.loads(text) or []]
    return tuple(sorted(found, key=lambda each: each.began))


def _snapshot(told: dict[str, Any]) -> Snapshot:
    summary = told.get("summary") or {}
    began = moment(told["time"])
    return Snapshot(
        id=told["short_id"],
        path=told["paths"][0],
        began=began,
        ended=moment(summary["backup_end"]) if "backup_end" in summary else began,
        tags=tuple(told.get("tags") or ()),
        size_bytes=summary.get("total_bytes_processed", 0),
        files=summary.get("total_files_processed", 0),
        added_bytes=summary.get("data_added_packed", 0),
    )


def moment(text: str) -> float:
    """Seconds since 1970 of restic's time, which has nanoseconds."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()


def item_at(path: str) -> Item | None:
    """None for what belongs to another item: counts, globals, WAL."""
    if path == BASE:
        return Item(Kind.POSTGRES)
    for kind, pattern in (
        (Kind.DUMP, r"/(.+)\.dump"),
        (Kind.REDIS, r"/(.+)\.rdb"),
        (Kind.FOLDER, r"/sources/(.+)"),
    ):
        found = re.fullmatch(pattern, path)
        if found:
            return Item(kind, found[1])
    return None


def newest(
    snapshots: Iterable[Snapshot], path: str, before: float | None = None
) -> Snapshot | None:
    """Of those that were complete by then."""
    fitting = [s for s in snapshots if s.path == path and (before is None or s.ended <= before)]
    return max(fitting, key=lambda each: each.began, default=None)


def beside(snapshots: Iterable[Snapshot], dump: Snapshot, path: str) -> Snapshot | None:
    """What the same run put at `path`: a dump's counts, its globals."""
    return newest((s for s in snapshots if s.run and s.run == dump.run), path)


def globals_of(snapshots: Iterable[Snapshot], dump: Snapshot) -> Snapshot | None:
    return beside(snapshots, dump, GLOBALS)


def point_for(files: Sequence[Snapshot], wal: Sequence[Snapshot], target: float | None) -> Point:
    """The base backup and the WAL that lead to `target`, or to the newest state that there is.

    Raises `PreflightError` when the store does not have it.
    """
    base = newest(files, BASE, target)
    if base is None:
        raise _no_base(files, target)
    line = [s for s in wal if s.path == WAL and s.line == base.line and s.began >= base.began]
    if target is None:
        return Point(base, line[-1] if line else None)
    after = next((s for s in line if s.began > target), None)
    if after is None:
        reached = f"the WAL reaches to {shown(line[-1].began)}" if line else "there is no WAL of it"
        raise PreflightError(
            error=f"nothing in the store leads to {shown(target)}: {reached}",
            try_="an earlier --to, or none at all for the newest state that there is",
        )
    return Point(base, after, target)


def _no_base(files: Sequence[Snapshot], target: float | None) -> PreflightError:
    oldest = min((s.ended for s in files if s.path == BASE), default=None)
    if oldest is None or target is None:
        return PreflightError(
            error="the store has no base backup of PostgreSQL", try_="protostar backup list"
        )
    return PreflightError(
        error=f"the oldest base backup was complete at {shown(oldest)}, after {shown(target)}",
        try_=f"--to '{shown(oldest)}', or later",
    )


def shown(seconds: float) -> str:
    """As a person writes it; UTC, because servers and laptops have other zones."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
