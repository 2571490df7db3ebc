"""One request and what became of it. Times are seconds since the epoch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Kind = Literal["get", "post", "slow", "upload", "ws", "stream"]

# refused: no connection was made. disconnected: the connection ended before a whole answer.
Failure = Literal["refused", "timeout", "disconnected", "http_4xx", "http_5xx", "other"]

FAST_KINDS: tuple[Kind, ...] = ("get", "post")


@dataclass(frozen=True)
class Event:
    """`started_s` is when the request was written, or when the attempt began if it never was.

    `colour` and `release` are what the answer said (X-Colour, X-Release), None when it said
    nothing. `failure` None: a whole and right answer. `order` is the id that a POST sent.
    """

    kind: Kind
    intended_s: float
    started_s: float
    finished_s: float
    status: int | None = None
    colour: str | None = None
    release: str | None = None
    failure: Failure | None = None
    detail: str | None = None
    reused: bool = False
    order: str | None = None

    @property
    def latency_s(self) -> float:
        """From the moment it should have left: a queue in the generator counts as latency too."""
        return self.finished_s - self.intended_s


@dataclass(frozen=True)
class Held:
    """A WebSocket or a stream that was opened at the start and kept.

    `opened_s` None: it never opened, `detail` says why. `cut_s` None: it lived until the run
    ended. `code` is the WebSocket close code (1006: no close frame).
    """

    kind: Kind
    opened_s: float | None
    cut_s: float | None = None
    code: int | None = None
    colour: str | None = None
    release: str | None = None
    messages: int = 0
    detail: str | None = None


def to_line(event: Event) -> str:
    return json.dumps(asdict(event)) + "\n"


def from_lines(lines: Iterable[str]) -> list[Event]:
    return [Event(**json.loads(line)) for line in lines]


def read_events(path: Path) -> list[Event]:
    """The events of a file that `--events` wrote. Complete once the run has ended."""
    with path.open(encoding="utf-8") as lines:
        return from_lines(lines)
