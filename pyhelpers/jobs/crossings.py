"""What two places of jobs/*.yml must agree on, in one file or in two. Pure.

It looks at plain data, as the configuration's own does: one mistake hides no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pyhelpers.config.crossings import Crossing

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = ("folders", "pipelines", "multibranches")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item is declared."""

    file: str
    section: str
    name: str

    def __str__(self) -> str:
        return f"{self.section} of {self.file}"


def crossings(file: str, files: Mapping[str, object]) -> Iterator[Crossing]:
    """Disagreements that are told at `file`; `files`: the data of all files, in their order."""
    data = _mapping(files.get(file))
    yield from _installations(file, files)
    for section in SECTIONS:
        for name in _mapping(data.get(section)):
            yield from _name(Place(file, section, name), list(_places(files)))
    for name, pipeline in _mapping(data.get("pipelines")).items():
        yield from _pipeline(("pipelines", name), _mapping(pipeline))
    for name, folder in _mapping(data.get("folders")).items():
        for id_, told in _mapping(_mapping(folder).get("credentials")).items():
            yield from _credential(("folders", name, "credentials", id_), _mapping(told))


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _places(files: Mapping[str, object]) -> Iterator[Place]:
    for file, data in files.items():
        for section in SECTIONS:
            names = _mapping(_mapping(data).get(section))
            yield from (Place(file, section, name) for name in names)


def _installations(file: str, files: Mapping[str, object]) -> Iterator[Crossing]:
    first = next(iter(files))
    named = [_mapping(files[each]).get("installation") for each in (first, file)]
    if all(isinstance(name, str) for name in named) and named[0] != named[1]:
        words = f"must be the same in every file, as in {first}"
        yield Crossing(("installation",), words)


def _name(at: Place, places: list[Place]) -> Iterator[Crossing]:
    path = (at.section, at.name)
    # Jenkins keeps names apart by more than their case.
    same = [each for each in places if each.name.lower() == at.name.lower()]
    if same[0] != at:
        yield Crossing(path, f"is declared already, in {same[0]}", shows_value=False)
    # Without empty parts: a name that is none has its own message.
    parent, _, last = at.name.rpartition("/")
    parent = parent if last else ""
    folders = [each.name for each in places if each.section == "folders" and each != at]
    if parent and parent not in folders:
        nearest = next(iter(get_close_matches(parent, folders, n=1)), None)
        yield Crossing(
            path, f"lies in `{parent}`, which no file has under folders", nearest, shows_value=False
        )


def _pipeline(path: tuple[str, ...], pipeline: Mapping[str, object]) -> Iterator[Crossing]:
    if pipeline.get("abort_previous") is True and pipeline.get("concurrent") is True:
        yield Crossing((*path, "abort_previous"), "is for a pipeline without `concurrent: true`")
    for name, parameter in _mapping(pipeline.get("parameters")).items():
        yield from _parameter((*path, "parameters", name), _mapping(parameter))


def _parameter(path: tuple[str, ...], parameter: Mapping[str, object]) -> Iterator[Crossing]:
    kind = parameter.get("kind", "string")
    default, choices = parameter.get("default"), parameter.get("choices")
    if kind == "boolean" and isinstance(default, str):
        yield Crossing((*path, "default"), "must be true or false for a boolean")
    if kind != "boolean" and isinstance(default, bool):
        yield Crossing((*path, "default"), "must be text; put it in quotes, or say kind: boolean")
    if kind == "choice":
        yield from _choice(path, parameter)
    elif choices is not None:
        yield Crossing((*path, "choices"), "is for kind: choice", shows_value=False)
    if "trim" in parameter and kind != "string":
        yield Crossing((*path, "trim"), "is for kind: string")


def _credential(path: tuple[str, ...], told: Mapping[str, object]) -> Iterator[Crossing]:
    if told.get("kind") in ("ssh-key", "password") and not told.get("user"):
        yield Crossing(path, f"a {told['kind']} needs `user`", shows_value=False)
    if told.get("kind") == "text" and told.get("user") is not None:
        yield Crossing((*path, "user"), "is for kind: ssh-key and password")


def _choice(path: tuple[str, ...], parameter: Mapping[str, object]) -> Iterator[Crossing]:
    choices = parameter.get("choices")
    if not choices:
        yield Crossing(path, "a choice needs `choices`", shows_value=False)
    elif isinstance(choices, list) and len({str(each) for each in choices}) < len(choices):
        yield Crossing((*path, "choices"), "must hold each only once", shows_value=False)
    if "default" in parameter:
        words = "is not for a choice; the first of `choices` is its default"
        yield Crossing((*path, "default"), words)
