"""What node-exporter reads of a service's deploys. Pure: from its whole history, each time anew.

So a deploy whose deployer died, or that ended on the host alone, is in the next one's file.
"""

from __future__ import annotations

import datetime
from collections import Counter
from typing import TYPE_CHECKING

from pyhelpers.deploy import history
from pyhelpers.exposition import family

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyhelpers.deploy.model import Record
    from pyhelpers.exposition import Sample

PREFIX = "protostar_deploy"
HELP = {
    "count": "Deploys that the history holds, by what came of them.",
    "timestamp_seconds": "When the last one ended, whatever came of it.",
    "success": "1: the last one is live. 0: it was refused, flipped back or cut off.",
    "step_seconds": "What each step of the last one took.",
    "live_since_timestamp_seconds": "Since when the last good release is live, and which colour.",
}


def text(host: str, service: str, records: Sequence[Record]) -> str:
    """Prometheus's text format; empty without a history."""
    if not records:
        return ""
    base, last = {"host": host, "service": service}, records[-1]
    told: dict[str, Iterable[Sample]] = {
        "count": _counts(base, records),
        "timestamp_seconds": [(base, _seconds(last.at))],
        "success": [(base, float(last.good))],
        "step_seconds": [({**base, "step": name}, s) for name, s in sorted(last.steps.items())],
        "live_since_timestamp_seconds": _live(base, records),
    }
    return "".join(family(f"{PREFIX}_{name}", HELP[name], found) for name, found in told.items())


def _counts(base: Mapping[str, str], records: Sequence[Record]) -> list[Sample]:
    counted = Counter((record.action, record.outcome) for record in records)
    return [
        ({**base, "action": action, "outcome": outcome}, float(number))
        for (action, outcome), number in sorted(counted.items())
    ]


def _live(base: Mapping[str, str], records: Sequence[Record]) -> list[Sample]:
    last = history.last_good(records)
    if last is None:
        return []
    labels = {"colour": str(last.colour), "release": last.release.id, "label": last.release.label}
    return [({**base, **labels}, _seconds(last.at))]


def _seconds(at: str) -> float:
    return datetime.datetime.fromisoformat(at).timestamp() if at else 0.0
