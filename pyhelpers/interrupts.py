"""SIGINT and SIGTERM become one exception, and wait while a failure is being settled."""

from __future__ import annotations

import functools
import gc
import os
import queue
import signal
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyhelpers.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SOON_S = 0.005
WEAK_COLLECTIONS = {
    each.__init__.__code__.co_filename for each in (weakref.WeakKeyDictionary, weakref.WeakSet)
}


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


def pass_over() -> None:
    """Until the end of the `raised` around it signals mean nothing.

    For when all is done, or is being settled: there is nothing left to interrupt, "nothing was
    changed" would be untrue, and the settling is bounded, so nobody waits for ever.
    """
    for number in SIGNALS:
        signal.signal(number, _nothing)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Not SIG_IGN: a program that is started meanwhile would inherit that, and a guard be deaf."""


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
    finalizer, a weak reference's callback or the garbage collector's it is printed and forgotten.
    """
    collecting = [getattr(each, "__code__", None) for each in gc.callbacks]
    bad = [threading.Thread.start.__code__, *collecting]
    while frame is not None and frame.f_code not in bad and not _is_the_interpreters(frame.f_code):
        frame = frame.f_back
    return frame is not None


def _is_the_interpreters(code: CodeType) -> bool:
    """Called by it in between: a finalizer, or what the weak collections do when a key dies."""
    return code.co_name == "__del__" or code.co_filename in WEAK_COLLECTIONS
