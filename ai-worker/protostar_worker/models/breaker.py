"""A circuit breaker: an endpoint that keeps failing is left alone for a while."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES_TO_OPEN = 5  # In a row.
OPEN_S = 10.0


@dataclass(slots=True)
class Breaker:
    """Closed, then open after failures in a row; after OPEN_S one question tries it out."""

    clock: Callable[[], float] = field(default=time.monotonic)
    failures: int = 0
    _retry_at_s: float = 0.0

    @property
    def lets_through(self) -> bool:
        return self.failures < FAILURES_TO_OPEN or self.clock() >= self._retry_at_s

    def begin(self) -> None:
        """A question goes out. While it is open, this is the one that tries."""
        if self.failures >= FAILURES_TO_OPEN:
            self._retry_at_s = self.clock() + OPEN_S

    def succeeded(self) -> None:
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= FAILURES_TO_OPEN:
            self._retry_at_s = self.clock() + OPEN_S
