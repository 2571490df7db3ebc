"""When each request leaves. It follows from the options alone, so nothing can delay it."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .events import Kind
    from .options import Options


@dataclass(frozen=True, order=True)
class Arrival:
    """One request to send, `offset_s` seconds after the start of the run."""

    offset_s: float
    kind: Kind
    kept_alive: bool


def arrivals(options: Options) -> Iterator[Arrival]:
    """Every request of the run in the order of its time."""
    chance = random.Random(options.seed)
    # The three rhythms start apart, or slow requests would always leave together with a fast one.
    moments = heapq.merge(
        _every(options.rate, options.seconds, 0.0, "get"),
        _every(options.slow_per_s, options.seconds, 1 / 3, "slow"),
        _every(options.uploads_per_s, options.seconds, 2 / 3, "upload"),
    )
    for offset_s, kind in moments:
        kept_alive = chance.random() < options.keepalive
        is_post = chance.random() < options.posts
        yield Arrival(offset_s, "post" if kind == "get" and is_post else kind, kept_alive)


def _every(rate: float, seconds: float, phase: float, kind: Kind) -> Iterator[tuple[float, Kind]]:
    number = 0
    while rate > 0 and (offset_s := (number + phase) / rate) < seconds:
        yield offset_s, kind
        number += 1
