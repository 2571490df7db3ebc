"""Time as the rooms see it: the module `time` satisfies it, and so does a test's own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


class WallClock(Clock, Protocol):
    """Also the time of day, in seconds since 1970."""

    def time(self) -> float: ...
