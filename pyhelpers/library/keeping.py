"""A build's outcomes as files beside its workspace: what the library reads and archives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyhelpers.library import page
from pyhelpers.library.bootstrap import DESCRIPTION, ERROR
from pyhelpers.library.outcome import Outcome, of_dict, three_lines, trouble
from pyhelpers.library.request import IMAGE_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.errors import ProtostarError
    from pyhelpers.library.request import Request


def begin(folder: Path, build: str) -> None:
    """Files of another build that ran here are removed; those of this one stay."""
    kept = folder / "build.txt"
    if not kept.exists() or kept.read_text(encoding="utf-8") != build:
        for path in (*folder.glob("outcome-*.json"), *folder.glob("report.*"), folder / IMAGE_FILE):
            path.unlink(missing_ok=True)
        kept.write_text(build, encoding="utf-8")


def keep(folder: Path, outcome: Outcome, request: Request) -> None:
    number = len(_files(folder))
    _write(folder / f"outcome-{number:02}-{outcome.name}.json", _json(outcome.as_dict()))
    if outcome.exit_code:
        _write(folder / ERROR, three_lines(trouble(outcome)))
    _publish(folder, request)


def stand_in(folder: Path, name: str) -> None:
    """Of a command that was only printed: what a later step reads."""
    if name == "build":
        _write(folder / IMAGE_FILE, "THE-BUILT-IMAGE")


def refused(folder: Path, problem: ProtostarError) -> None:
    """Before any command was run."""
    told = {"error": problem.error, "state": problem.state, "try": problem.try_}
    _write(folder / ERROR, three_lines(told))


def _publish(folder: Path, request: Request) -> None:
    outcomes, build = read(folder), request.build
    report = page.as_dict(request.service, build, outcomes)
    _write(folder / "report.json", _json(report))
    _write(folder / "report.html", page.html(request.service, build, outcomes))
    _write(folder / DESCRIPTION, page.description(outcomes, request.settings["dashboard"]))


def read(folder: Path) -> list[Outcome]:
    return [of_dict(json.loads(path.read_text(encoding="utf-8"))) for path in _files(folder)]


def last(folder: Path, name: str) -> Outcome | None:
    return next((each for each in reversed(read(folder)) if each.name == name), None)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("outcome-*.json"))


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
