"""How far a transfer is: bytes, rate and layers, said now and then."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhelpers.clock import Clock

MB = 1e6


def told(moved_bytes: int, total_bytes: int, seconds: float, layers: tuple[int, int]) -> str:
    """`12.4 of 310.0 MB, 8.1 MB/s, 2 of 5 layers`."""
    rate = moved_bytes / seconds / MB if seconds > 0 else 0.0
    return (
        f"{moved_bytes / MB:.1f} of {total_bytes / MB:.1f} MB, {rate:.1f} MB/s, "
        f"{layers[0]} of {layers[1]} layers"
    )


class Meter:
    """Counts what moves, from whichever thread; says it at most once in `interval_s`."""

    def __init__(self, say: Callable[[str], None], clock: Clock, interval_s: float) -> None:
        self._say, self._clock, self._interval_s = say, clock, interval_s
        self._began = self._said = clock.monotonic()
        self._counting = threading.Lock()
        self.moved_bytes = self.total_bytes = 0
        self.layers_done = self.layers = 0

    def expect(self, size_bytes: int) -> None:
        """A layer of this size is going to move."""
        with self._counting:
            self.total_bytes += size_bytes
            self.layers += 1

    def moved(self, size_bytes: int) -> None:
        with self._counting:
            self.moved_bytes += size_bytes
            due = self._clock.monotonic() - self._said >= self._interval_s
            if due:
                self._said = self._clock.monotonic()
        if due:
            self._say(self.text())

    def done(self) -> None:
        """A layer has moved whole."""
        with self._counting:
            self.layers_done += 1

    def text(self) -> str:
        seconds = self._clock.monotonic() - self._began
        return told(self.moved_bytes, self.total_bytes, seconds, (self.layers_done, self.layers))
