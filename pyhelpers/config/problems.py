"""What is wrong with the file: where, and in which words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]

MAX_SHOWN = 50
_MAX_TEXT = 60


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem. Lines and columns count from 1; 0 means that there is none to name."""

    line: int
    column: int
    path: Path
    message: str

    def render(self, name: str) -> str:
        """`protostar.yml:LINE: services.api.drain_s: message`."""
        place = ":".join([name, *(str(number) for number in (self.line, self.column) if number)])
        return ": ".join(filter(None, (place, dotted(self.path), self.message)))


class Refused(Exception):
    """Reading cannot go on."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


def render(name: str, problems: Iterable[Problem]) -> str:
    """A line for each problem, in the order of the file."""
    lines = [problem.render(name) for problem in sorted(set(problems), key=_order)]
    more = len(lines) - MAX_SHOWN
    rest = [f"{name}: and {more} more"] if more > 0 else []
    return "\n".join(lines[:MAX_SHOWN] + rest)


def _order(problem: Problem) -> tuple[int, int, str, str]:
    return problem.line, problem.column, dotted(problem.path), problem.message


def dotted(path: Path) -> str:
    """`services.api.before_switch[0][1]`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def _key(part: str) -> str:
    return part if re.fullmatch(r"[\w-]{1,60}", part) else quoted(part)


def quoted(text: str) -> str:
    """A text from the file as a message may show it: short, printable, no address in full.

    What follows `://` often holds a password or is one, as the path of a webhook does.
    """
    masked = re.sub(r"://.*", "://***", text, flags=re.DOTALL)
    printable = masked if masked.isprintable() else ascii(masked)[1:-1]
    cut = printable if len(printable) <= _MAX_TEXT else printable[:_MAX_TEXT] + "…"
    return f"'{cut}'"
