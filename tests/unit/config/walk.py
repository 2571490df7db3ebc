"""Ways through a document of plain data."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pyhelpers.config.explain import model_at
from pyhelpers.config.model import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]


def every_key_path(value: object, path: Path = ()) -> Iterator[Path]:
    """The path of every key and of every item."""
    for key, inner in _entries(value):
        yield (*path, key)
        yield from every_key_path(inner, (*path, key))


def _entries(value: object) -> list[tuple[str | int, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def fields_at(document: object) -> dict[tuple[str, ...], set[str]]:
    """The known keys of every place in `document` that has fields."""
    places = [(), *every_key_path(document)]
    models = {path: model_at(Config, path) for path in places}
    return {
        tuple(str(part) for part in path): set(model.model_fields)
        for path, model in models.items()
        if model is not None
    }


def replaced(document: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    """A copy with `value` at `path`."""
    changed = copy.deepcopy(document)
    inner: Any = changed
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return changed
