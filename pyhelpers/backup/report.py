"""What is shown of backups. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

from pyhelpers.backup.answers import size
from pyhelpers.backup.snapshots import item_at, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyhelpers.backup.model import Checked, Item, Snapshot

HEADINGS = ("item", "complete", "size", "new", "snapshot")


class Restored(Protocol):
    """What came back: see restore.Wanted."""

    @property
    def item(self) -> Item: ...
    @property
    def reaches(self) -> float: ...
    @property
    def size_bytes(self) -> int: ...


def rows(snapshots: Iterable[Snapshot]) -> list[tuple[str, ...]]:
    """Oldest first; counts and roles belong to their dump."""
    return [
        (item.name, shown(each.ended), size(each.size_bytes), size(each.added_bytes), each.id)
        for each in snapshots
        if (item := item_at(each.path)) is not None
    ]


def wal_line(wal: Sequence[Snapshot], now: float) -> str:
    if not wal:
        return "WAL: none yet"
    return f"WAL: shipped up to {shown(wal[-1].began)}, {now - wal[-1].began:.0f} s ago"


def span(seconds: float) -> str:
    """In the unit that leaves a number one can grasp."""
    units = ((36_000, 3600, "h"), (600, 60, "min"))
    factor, unit = next(((f, u) for least, f, u in units if seconds >= least), (1, "s"))
    return f"{seconds / factor:.0f} {unit}"


def list_as_dict(host: str, items: Iterable[Item], snapshots: Iterable[Snapshot]) -> dict[str, Any]:
    return {
        "host": host,
        "items": [item.name for item in items],
        "snapshots": [dataclasses.asdict(each) for each in snapshots],
    }


def check_row(checked: Checked) -> tuple[str, ...]:
    sign, found = ("✗", checked.wrong.splitlines()[0]) if checked.wrong else ("✓", checked.what)
    return sign, checked.item, found, f"{checked.seconds:.1f}"


def checks_as_dict(host: str, checked: Sequence[Checked]) -> dict[str, Any]:
    well = bool(checked) and not any(each.wrong for each in checked)
    return {"host": host, "well": well, "checked": [dataclasses.asdict(each) for each in checked]}


def restored(chosen: Sequence[Restored], seconds: float) -> str:
    total = sum(each.size_bytes for each in chosen)
    named = ", ".join(f"{each.item.name} as of {shown(each.reaches)}" for each in chosen)
    return f"Done: {named}; {size(total)} in {seconds:.0f} s, {per_gb(total, seconds):.0f} s per GB"


def per_gb(count: int, seconds: float) -> float:
    return seconds / max(count / 1e9, 1e-9)


def restored_as_dict(host: str, chosen: Sequence[Restored], seconds: float) -> dict[str, Any]:
    total = sum(each.size_bytes for each in chosen)
    items = [{"item": c.item.name, "reaches": c.reaches, "bytes": c.size_bytes} for c in chosen]
    return {
        "host": host,
        "items": items,
        "seconds": round(seconds, 1),
        "seconds_per_gb": round(per_gb(total, seconds), 1),
    }
