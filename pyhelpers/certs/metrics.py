"""What node-exporter reads of certificates. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PREFIX = "protostar_certificate"


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate after a run. `ends` is 0 when there is none."""

    name: str
    ends: float
    failed: bool


def text(host: str, rows: Sequence[Row]) -> str:
    return _family(
        "expiry_timestamp_seconds", "When it ends; 0: there is none.", host, rows, _ends
    ) + (_family("renewal_failed", "1: it is due, and the last try failed.", host, rows, _failed))


def _ends(row: Row) -> float:
    return row.ends


def _failed(row: Row) -> float:
    return float(row.failed)


def _family(
    name: str, help_: str, host: str, rows: Sequence[Row], value: Callable[[Row], float]
) -> str:
    full = f"{PREFIX}_{name}"
    lines = [f"# HELP {full} {help_}", f"# TYPE {full} gauge"]
    lines += [f'{full}{{host="{host}",name="{r.name}"}} {value(r):.15g}' for r in rows]
    return "\n".join(lines) + "\n"
