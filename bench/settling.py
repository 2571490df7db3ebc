"""What must stand after the deployer was killed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COMMIT = "commit"


class Look(NamedTuple):
    """What the markers said at a moment (seconds of the monotonic clock)."""

    at_s: float
    live: str


def last_begun(steps: Sequence[str], said: Iterable[str]) -> str:
    """The last step that the deployer's plain output says has begun; "" before the first."""
    begun = (step for line in said for step in steps if line.startswith(f"→ {step} "))
    last = ""
    for step in begun:
        last = step
    return last


def expected(steps: Sequence[str], begun: str, outcome: str) -> Literal["old", "new"]:
    """Which colour must serve after a death at `begun`: before the commit the old, else the new.

    In the commit itself either is right, but it must be the one that the record's outcome says.
    """
    if begun == COMMIT:
        return "new" if outcome == "done" else "old"
    before = begun == "" or steps.index(begun) < steps.index(COMMIT)
    return "old" if before else "new"


def settled_after_s(looks: Iterable[Look], right: str, killed_s: float) -> float:
    """Seconds from the kill to the last look that found anything but `right`; 0: never wrong."""
    wrong = [look.at_s for look in looks if look.live != right]
    return max(0.0, max(wrong, default=killed_s) - killed_s)
