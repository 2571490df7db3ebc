"""SIGINT and SIGTERM become one exception, and wait while a failure is being settled."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyhelpers.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def raised() -> Iterator[None]:
    """Within: a signal raises `Interrupted` in the main thread."""
    with _handling(_raise):
        yield


@contextmanager
def held_back() -> Iterator[None]:
    """Within: signals are passed over; the settling is bounded, so nobody waits for ever."""
    with _handling(signal.SIG_IGN):
        yield


@contextmanager
def _handling(handler: object) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in SIGNALS}  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _raise(number: int, _frame: FrameType | None) -> None:
    # The state is for what is interrupted before a deploy began; `settle` says what stands else.
    raise Interrupted(
        error=f"interrupted by {signal.Signals(number).name}",
        state="nothing was changed",
        try_="the same command again",
    )
