"""Which layers a host lacks. Pure.

A layer counts by its chain: the same bytes on top of other layers are another layer to an engine.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def read_chains(text: str) -> tuple[tuple[str, ...], ...]:
    """What `docker image inspect` printed: a JSON list of diff ids a line, or null."""
    lines = (json.loads(line) for line in text.splitlines() if line.strip())
    return tuple(tuple(line or ()) for line in lines)


def held(wanted: Sequence[str], chains: Iterable[Sequence[str]]) -> int:
    """How many layers, from the bottom, some image of the host has in this very order."""
    return max((_common(wanted, chain) for chain in chains), default=0)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def to_skip(wanted: Sequence[str], held_layers: int) -> frozenset[str]:
    """Diff ids that need not travel; one that is needed again higher up is not among them."""
    return frozenset(wanted[:held_layers]) - frozenset(wanted[held_layers:])
