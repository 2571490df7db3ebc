"""Time as the deploy sees it: the module `time` satisfies it, and so does a test's own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...
