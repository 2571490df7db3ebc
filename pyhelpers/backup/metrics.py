"""What node-exporter reads: how old each backup is, and the last drill. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.backup.snapshots import item_at
from pyhelpers.exposition import family, series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyhelpers.backup.model import Checked, Snapshot
    from pyhelpers.exposition import Sample

PREFIX = "protostar_backup"
HELP = {
    "timestamp_seconds": "When the newest backup of it was complete.",
    "size_bytes": "What the newest backup of it holds.",
    "drill_timestamp_seconds": "When a drill last brought everything back; 0: never.",
    "drill_success": "1: the last drill found everything well.",
    "verify_timestamp_seconds": "When the store was last read and found whole.",
    "verify_success": "1: the last verification found everything whole.",
}


def of_backups(host: str, snapshots: Iterable[Snapshot]) -> str:
    newest: dict[str, Snapshot] = {}
    for each in sorted(snapshots, key=lambda snapshot: snapshot.ended):
        item = item_at(each.path)
        if item is not None:
            newest[item.name] = each
    times = [({"host": host, "item": name}, s.ended) for name, s in newest.items()]
    sizes = [({"host": host, "item": name}, s.size_bytes) for name, s in newest.items()]
    return _family("timestamp_seconds", times) + _family("size_bytes", sizes)


def of_checks(host: str, kind: str, checked: Sequence[Checked], now: float, before: str) -> str:
    """`kind`: drill or verify. What failed keeps the moment of the last one that did not."""
    well = bool(checked) and not any(each.wrong for each in checked)
    name, labels = f"{kind}_timestamp_seconds", {"host": host}
    moments = [now] if well else _kept(name, labels, before)
    kept = [(labels, moment) for moment in moments]
    return _family(name, kept) + _family(f"{kind}_success", [(labels, int(well))])


def never_drilled(host: str) -> str:
    """So that an alert knows of it: a figure that is not there is never too old."""
    return _family("drill_timestamp_seconds", [({"host": host}, 0)])


def _kept(name: str, labels: Mapping[str, str], before: str) -> list[float]:
    start = series(f"{PREFIX}_{name}", labels) + " "
    lines = (line for line in before.splitlines() if line.startswith(start))
    return [float(line.removeprefix(start)) for line in lines]


def _family(name: str, samples: Iterable[Sample]) -> str:
    return family(f"{PREFIX}_{name}", HELP[name], samples)
