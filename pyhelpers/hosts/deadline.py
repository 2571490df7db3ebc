"""A command that did not end in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence


class DeadlinePassed(Unreachable):
    """`argv` was ended after `deadline_s`."""

    def __init__(self, argv: Sequence[str], deadline_s: float) -> None:
        shown = " ".join(argv[:4])
        super().__init__(
            error=f"`{shown} …` did not end within {deadline_s:g} s",
            try_="is the host overloaded, or its disk hanging? Then the same command again",
        )
