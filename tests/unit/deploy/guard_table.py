"""The cases of tests/cases/guard: what is said to a guard, and what must come of it.

A case is played on a stage: the real guard.sh on one, its model in memory on the other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CASES = Path(__file__).parents[2] / "cases" / "guard"
SERVICE = "api"
# What differs from run to run and says nothing about the rules; whether it is there does.
TIMES = ("at", "flipped_at", "drain_s")
UNEQUAL = {f"guard/{SERVICE}/log", f"guard/{SERVICE}/log.1"}


@dataclass(frozen=True)
class Case:
    name: str
    given: Mapping[str, Any]
    script: list[tuple[str, Any]]
    expected: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a guard said, how it ended, what it left, and what it did to the engine."""

    heard: Mapping[str, list[str]]
    exits: Mapping[str, int | None]
    files: Mapping[str, object]
    docker: list[str]


class Stage(Protocol):
    """`name`: of the person whose guard it is."""

    def start(self, name: str) -> None: ...
    def say(self, name: str, line: str) -> None: ...
    def begin_to_say(self, name: str, text: str) -> None: ...
    def heard(self, name: str) -> list[str]: ...
    def wait(self, name: str, done: Callable[[], bool]) -> bool: ...
    def end_of_input(self, name: str) -> None: ...
    def signal(self, name: str, word: str) -> None: ...
    def exit_of(self, name: str) -> int | None: ...
    def pause(self, seconds: float) -> None: ...
    def put(self, path: str, text: str) -> None: ...
    def remove(self, path: str) -> None: ...
    def begin_leftover(self) -> None: ...
    def end_leftover(self) -> None: ...
    def is_fenced_out(self, token: str) -> bool: ...
    def files(self) -> Mapping[str, str]: ...
    def docker(self) -> list[str]: ...


def read_cases() -> Iterator[Case]:
    for file in sorted(CASES.glob("*.yml")):
        for name, entry in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            script = [_turn(turn) for turn in entry["script"]]
            yield Case(f"{file.stem}: {name}", entry.get("given", {}), script, entry["expect"])


def _turn(turn: str | Mapping[str, Any]) -> tuple[str, Any]:
    if isinstance(turn, str):
        return turn, None
    ((verb, what),) = turn.items()
    return verb, what


def play(case: Case, stage: Stage) -> Outcome:
    names: list[str] = []
    for verb, what in case.script:
        if verb == "start":
            names.append(what)
            stage.start(what)
        elif verb == "as":
            names.append(what)
        else:
            _VERBS[verb](stage, names[-1] if names else "", what)
    started = dict.fromkeys(names)
    return Outcome(
        {name: _words(stage.heard(name)) for name in started},
        {name: stage.exit_of(name) for name in started},
        {path: _content(path, text) for path, text in stage.files().items() if path not in UNEQUAL},
        stage.docker(),
    )


def _hear(stage: Stage, name: str, pattern: str) -> None:
    def is_said() -> bool:
        return any(fnmatchcase(line, pattern) for line in stage.heard(name))

    assert stage.wait(name, is_said), f"`{pattern}` was not said: {stage.heard(name)}"


def _end(stage: Stage, name: str, status: int) -> None:
    assert stage.wait(name, lambda: stage.exit_of(name) is not None), f"{name} does not end"
    assert stage.exit_of(name) == status, (stage.exit_of(name), stage.heard(name))


def _fence(stage: Stage, name: str, tokens: Mapping[str, str]) -> None:
    for token, answer in tokens.items():
        assert stage.is_fenced_out(token) == (answer == "refused"), token


def _by_hand(stage: Stage, name: str, files: Mapping[str, str | None]) -> None:
    for path, text in files.items():
        if text is None:
            stage.remove(path)
        else:
            stage.put(path, text)


_VERBS: Mapping[str, Callable[[Stage, str, Any], None]] = {
    "say": lambda stage, name, line: stage.say(name, line),
    "begin to say": lambda stage, name, text: stage.begin_to_say(name, text),
    "hear": _hear,
    "end": _end,
    "hang up": lambda stage, name, what: stage.end_of_input(name),
    "signal": lambda stage, name, word: stage.signal(name, word),
    "by hand": _by_hand,
    "fence": _fence,
    "pause": lambda stage, name, seconds: stage.pause(seconds),
    "a command is left over": lambda stage, name, what: stage.begin_leftover(),
    "it ends": lambda stage, name, what: stage.end_leftover(),
}


def _words(lines: list[str]) -> list[str]:
    """Without times and pids, and a line that is said again and again told once."""
    return [line for line, _ in groupby(map(_timeless, lines))]


def _timeless(line: str) -> str:
    line = re.sub(r"^(held|switched) .*", r"\1", line)
    line = re.sub(r"pid=\d+ since=\S+", "", line)
    return re.sub(r"^drained \d+", "drained", line)


def _content(path: str, text: str) -> object:
    if path.endswith("/owner"):
        return re.sub(r"(pid|since)=\S+", "", text)
    if path.endswith((".jsonl", "/committed")):
        return [_record(line) for line in text.splitlines()]
    return text


def _record(line: str) -> object:
    try:
        record = json.loads(line)
    except ValueError:
        return line
    return {key: "*" if key in TIMES else value for key, value in record.items()}
