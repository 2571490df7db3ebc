"""Wait for something, with one deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryError, Retrying, retry_if_result, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhelpers.clock import Clock

T = TypeVar("T")


class NotInTime(Exception):
    """The condition did not come true; carries the last value seen."""

    def __init__(self, last: object) -> None:
        super().__init__("not in time")
        self.last = last


def poll(
    look: Callable[[], T],
    until: Callable[[T], bool],
    *,
    every_s: float,
    deadline_s: float,
    clock: Clock = time,
) -> T:
    """Call `look` until `until` says yes. Raises `NotInTime`; what `look` raises passes through."""
    ends = clock.monotonic() + deadline_s
    retrying = Retrying(
        retry=retry_if_result(lambda value: not until(value)),
        stop=lambda _state: clock.monotonic() >= ends,
        sleep=clock.sleep,
        wait=wait_fixed(every_s),
    )
    try:
        return retrying(look)
    except RetryError as problem:
        raise NotInTime(problem.last_attempt.result()) from None
