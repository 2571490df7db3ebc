"""SIGINT and SIGTERM become one exception, and wait while a failure is being settled."""

from __future__ import annotations

import functools
import gc
import os
import queue
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyhelpers.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SOON_S = 0.005


@contextmanager
def raised() -> Iterator[None]:
    """Within: a signal raises `Interrupted` in the main thread.

    One that had to wait until the end of the block goes to whoever handles them around it.
    """
    # A queue that a signal handler may use: its `put` is never interrupted by itself.
    late: queue.SimpleQueue[int] = queue.SimpleQueue()
    bringing = threading.Thread(target=_bring_back, args=(late,), daemon=True)
    bringing.start()
    try:
        with _handling(functools.partial(_raise, late)):
            yield
    finally:
        late.put(0)
        bringing.join()


def _bring_back(late: queue.SimpleQueue[int]) -> None:
    """A signal that came at a bad moment comes again in a moment; 0 ends it."""
    while number := late.get():
        time.sleep(SOON_S)
        os.kill(os.getpid(), number)


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


def _raise(late: queue.SimpleQueue[int], number: int, frame: FrameType | None) -> None:
    if _at_a_bad_moment(frame):
        late.put(number)
        return
    # The state is for what is interrupted before a deploy began; `settle` says what stands else.
    raise Interrupted(
        error=f"interrupted by {signal.Signals(number).name}",
        state="nothing was changed",
        try_="the same command again",
    )


def _at_a_bad_moment(frame: FrameType | None) -> bool:
    """Where an exception would be lost, or would do harm.

    Out of Thread.start it makes CPython forget the thread, which then dies loudly; out of a
    finalizer or a callback of the garbage collector it is printed and forgotten.
    """
    collecting = [getattr(each, "__code__", None) for each in gc.callbacks]
    bad = [threading.Thread.start.__code__, *collecting]
    while frame is not None and frame.f_code not in bad and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None
