"""Any YAML file of ours: read, filled from the environment, held against its models.

Every problem is told at once, with its line. What kind of file it is, is the caller's: its models,
and what two places of it must agree on.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from pyhelpers.config.explain import explain_all, explain_crossing
from pyhelpers.config.problems import Path, Problem, Refused
from pyhelpers.config.values import Values, meaning_of
from pyhelpers.config.yaml_nodes import Entries, Items, Node, Scalar, read_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path as File

    from pyhelpers.config.crossings import Crossing

MAX_BYTES = 1024 * 1024
M = TypeVar("M", bound=BaseModel)


class CannotBeRead(Exception):
    """What is wrong with the file as a whole, and the command that helps, if one does."""

    def __init__(self, words: str, try_: str = "") -> None:
        super().__init__(words)
        self.try_ = try_


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its nodes, what they mean, and what was wrong on the way there."""

    root: Node
    data: object
    problems: list[Problem] = field(default_factory=list)


def read(text: str, environ: Mapping[str, str]) -> Document:
    """Raises `Refused` where reading cannot go on, `CannotBeRead` when the text is too long."""
    if len(text.encode()) > MAX_BYTES:
        raise CannotBeRead(_too_large(len(text.encode())))
    root, problems = read_nodes(text)
    if not isinstance(root, Entries):
        what = f"must be a mapping of `key: value` lines, is {_kind(root)}"
        raise Refused([*problems, Problem(root.line if root else 0, 0, (), what)])
    values = Values(environ)
    data = values.of(root)
    return Document(root, data, problems + values.problems)


def validate(
    document: Document, model: type[M], crossings: Iterable[Crossing]
) -> tuple[M | None, list[Problem]]:
    """The model, None where the data does not fit it, and every problem of the document."""
    found, errors = _model(document, model)
    errors += [explain_crossing(crossing, document.root) for crossing in crossings]
    told = document.problems
    return found, told + _without(errors, {problem.path for problem in told})


def _model(document: Document, model: type[M]) -> tuple[M | None, list[Problem]]:
    try:
        return model.model_validate(document.data), []
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_input=False)
    return None, explain_all(errors, document.root, model)


def _without(problems: Iterable[Problem], told: set[Path]) -> list[Problem]:
    """Less what only follows from a problem that is told already, at its place or around it."""
    around = told - {()}
    return [one for one in problems if not any(one.path[: len(at)] == at for at in around)]


def _kind(root: Node | None) -> str:
    if root is None or (isinstance(root, Scalar) and meaning_of(root) is None):
        return "empty"
    # Not the text itself: it may be anything.
    return "a list" if isinstance(root, Items) else "text"


def text_of(path: File) -> str:
    """Raises `CannotBeRead`, and `Refused` for what is not UTF-8."""
    content = _content(path)
    if len(content) > MAX_BYTES:
        raise CannotBeRead(_too_large(max(path.stat().st_size, len(content))))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        message = f"is not UTF-8 (byte 0x{content[wrong.start]:02x})"
        raise Refused([Problem(line, 0, (), message)]) from None


def _content(path: File) -> bytes:
    """At most one byte more than is allowed, so that an endless file ends too."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CannotBeRead("there is no such file") from None
    except OSError as wrong:
        words = f"cannot be read: {wrong.strerror}"
        raise CannotBeRead(words, f"ls -ld {shlex.quote(str(path))}") from None


def _too_large(size_bytes: int) -> str:
    return f"is {size_bytes / 1024 / 1024:.1f} MiB; at most 1 MiB is read"
