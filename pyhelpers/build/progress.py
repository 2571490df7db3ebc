"""What buildx writes (`--progress rawjson`) → what a person reads. Pure.

A line for each step of the Dockerfile, when it ends; the log of one that failed. The rest
(transfers, layers one by one, what BuildKit does for itself) says nothing to anybody.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STILL_S = 15.0
LAST_LINES = 30
NAME_LENGTH = 90
_INTERNAL = re.compile(r"\[(internal|auth)\]|resolving provenance")
# What buildx says at its end, outside of JSON.
_ENDING = re.compile(r"ERROR: (?:failed to build: )?(?:failed to solve: )?(.*)", re.DOTALL)


@dataclass(slots=True)
class _Vertex:
    """A step of the build. `said_s`: up to which second of it something was said."""

    name: str
    began: datetime | None = None
    ended: bool = False
    said_s: float = 0.0
    log: list[str] = field(default_factory=list)


class Progress:
    """Hears line after line. What it says of itself is whole when all were heard.

    `pushing`: whether the registry may have something of it.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._vertices: dict[str, _Vertex] = {}
        self._failed: tuple[str, str] | None = None
        self._ending = ""
        self.pushing = False
        self.warnings: list[str] = []

    def hear(self, line: str) -> list[str]:
        """What is to be said now."""
        told = _object(line)
        if told is None:
            found = _ENDING.match(line.strip())
            self._ending = found[1] if found else self._ending
            return []
        return [*self._steps(told), *self._logs(told), *self._warned(told)]

    @property
    def problem(self) -> str:
        """Why it failed, with the end of what the failed step wrote."""
        if self._failed is None:
            return self._ending or "buildx ended without a word"
        name, why = self._failed
        log = next((each.log for each in self._vertices.values() if each.name == name), [])
        return "\n".join([f"{name}: {why}", *log[-LAST_LINES:]])

    def _steps(self, told: dict[str, Any]) -> Iterator[str]:
        for each in told.get("vertexes") or ():
            vertex = self._vertices.setdefault(each["digest"], _Vertex(_name(each["name"])))
            self.pushing = self.pushing or vertex.name.startswith("pushing")
            vertex.began = vertex.began or _time(each.get("started"))
            if each.get("error") and self._failed is None and "canceled" not in each["error"]:
                self._failed = (vertex.name, _short(each["error"]))
            if each.get("completed") and not vertex.ended and not each.get("error"):
                vertex.ended = not _INTERNAL.match(vertex.name)
                yield from _ended(vertex, each)

    def _logs(self, told: dict[str, Any]) -> Iterator[str]:
        for each in told.get("logs") or ():
            vertex = self._vertices.get(each.get("vertex", ""))
            lines = _text(each.get("data", "")).splitlines()
            if vertex is None or not lines:
                continue
            vertex.log = [*vertex.log, *lines][-LAST_LINES:]
            yield from lines if self._verbose else _still(vertex, each, lines[-1])

    def _warned(self, told: dict[str, Any]) -> Iterator[str]:
        found = [_text(each.get("short", "")) for each in told.get("warnings") or ()]
        self.warnings += [text for text in found if text and text not in self.warnings]
        yield from ()


def _ended(vertex: _Vertex, told: dict[str, Any]) -> Iterator[str]:
    if not vertex.ended:
        return
    began, ended = vertex.began, _time(told["completed"])
    seconds = (ended - began).total_seconds() if began and ended else 0.0
    yield f"{vertex.name}: {'cached' if told.get('cached') else f'{seconds:.1f} s'}"


def _still(vertex: _Vertex, told: dict[str, Any], last: str) -> Iterator[str]:
    """Now and then, of a step that takes long: that it lives, and what it does."""
    now = _time(told.get("timestamp"))
    seconds = (now - vertex.began).total_seconds() if vertex.began and now else 0.0
    if seconds - vertex.said_s >= STILL_S:
        vertex.said_s = seconds
        yield f"{vertex.name}: {seconds:.0f} s, {last.strip()[:80]}"


def _name(text: str) -> str:
    """In one line that a log can bear."""
    words = " ".join(text.split())
    return words if len(words) <= NAME_LENGTH else f"{words[: NAME_LENGTH - 1]}…"


def _object(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        told: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return told


def _time(text: str | None) -> datetime | None:
    """Of Go: nanoseconds, of which Python keeps six digits."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text)) if text else None


def _text(data: str) -> str:
    return base64.b64decode(data).decode(errors="replace")


def _short(error: str) -> str:
    """`process "/bin/sh -c …" did not complete successfully: exit code: 3` → exit code 3."""
    found = re.search(r"did not complete successfully: exit code: (\d+)", error)
    return f"exit code {found[1]}" if found else error
