"""Something done again and again beside what is measured."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Every:
    """`with Every(1.0, act):` does `act` in a thread, again and again. What it raises comes out."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds, self._act = seconds, act
        self._over = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _repeat(self) -> None:
        try:
            while not self._over.wait(self._seconds):
                self._act()
        except BaseException as problem:  # noqa: BLE001 - it is raised where it can be seen
            self._problem = problem
