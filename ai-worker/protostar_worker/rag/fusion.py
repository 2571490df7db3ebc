"""One order from two: reciprocal rank fusion."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMOOTHING = 60  # The constant of the method: how little the very first places stand out.


def fused(rankings: Sequence[Sequence[int]], most: int) -> list[int]:
    """Ids, best first. What two rankings agree on stands before what only one of them found."""
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for place, found in enumerate(ranking, start=1):
            scores[found] += 1 / (SMOOTHING + place)
    return sorted(scores, key=lambda found: (-scores[found], found))[:most]
