"""What node-exporter reads of certificates. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.exposition import family

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "protostar_certificate"
HELP = {
    "expiry_timestamp_seconds": "When it ends; 0: there is none.",
    "renewal_failed": "1: it is due, and the last try failed.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate after a run. `ends` is 0 when there is none."""

    name: str
    ends: float
    failed: bool


def text(host: str, rows: Sequence[Row]) -> str:
    labels = [{"host": host, "name": row.name} for row in rows]
    ends = zip(labels, (row.ends for row in rows), strict=True)
    failed = zip(labels, (float(row.failed) for row in rows), strict=True)
    return "".join(
        family(f"{PREFIX}_{name}", HELP[name], samples)
        for name, samples in (("expiry_timestamp_seconds", ends), ("renewal_failed", failed))
    )
