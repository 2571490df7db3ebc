"""pydantic's errors and ours in plain words. Pure.

A message shows what the *file* says, never what came out of the environment for it, and of a
secret nothing at all.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeGuard, get_args

from pydantic import BaseModel

from pyhelpers.config.problems import Path, Problem, quoted
from pyhelpers.config.values import shown
from pyhelpers.config.yaml_nodes import Node, Scalar, node_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic_core import ErrorDetails

    from pyhelpers.config.crossings import Crossing

_MAPPING = "must be a mapping of `key: value` lines"
_SIMPLE = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "path_type": "must be text",
    "list_type": "must be a list",
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "rule": "{words}",
    "secret": "{words}",
    "too_short": "must hold at least one entry",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:.15g}",
}
# Of these a message shows what kind of thing stands there, not its text: no key says whether the
# text is a secret.
_STRUCTURES = frozenset({"model_type", "dict_type", "list_type"})
_SHOW_NOTHING = frozenset({"secret", "too_short"})


def explain_all(
    errors: Iterable[ErrorDetails], root: Node, model: type[BaseModel]
) -> list[Problem]:
    """A problem for each error but those that `explain_crossing` says better."""
    found = (error for error in errors if error["type"] != "crossing")
    return [_explain(error, root, model) for error in found]


def _explain(error: ErrorDetails, root: Node, model: type[BaseModel]) -> Problem:
    is_key = error["loc"][-1:] == ("[key]",)
    path = error["loc"][:-1] if is_key else error["loc"]
    node, line = node_at(root, path)
    if is_key:
        node = Scalar(line, str(path[-1]), plain=False)
    explainer = _SPECIAL.get(error["type"])
    message = explainer(error, model) if explainer else _with_value(error, node)
    return Problem(line, 0, path, message)


def _with_value(error: ErrorDetails, node: Node | None) -> str:
    kind, details = error["type"], error.get("ctx", {})
    words = _SIMPLE[kind].format(**details) if kind in _SIMPLE else error["msg"]
    found = _found(kind, node)
    hint = "; put it in quotes" if kind == "string_type" and _is_written(node) else ""
    return f"{words}, is {found}{hint}" if found else words


def _found(kind: str, node: Node | None) -> str | None:
    if kind in _SHOW_NOTHING or (kind == "rule" and not isinstance(node, Scalar)):
        return None
    return "text" if kind in _STRUCTURES and _is_written(node) else shown(node)


def _is_written(node: Node | None) -> bool:
    return isinstance(node, Scalar) and bool(node.text)


def _missing(error: ErrorDetails, model: type[BaseModel]) -> str:
    owner = model_at(model, error["loc"][:-1])
    field = owner.model_fields.get(str(error["loc"][-1])) if owner else None
    about = field.description if field else None
    return f"is missing: {about[0].lower()}{about[1:].rstrip('.')}" if about else "is missing"


def _unknown_key(error: ErrorDetails, model: type[BaseModel]) -> str:
    key = str(error["loc"][-1])
    owner = model_at(model, error["loc"][:-1])
    known = list(owner.model_fields) if owner else []
    near = get_close_matches(key, known, n=1) or get_close_matches(key, _deeper(owner), n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
    return f"unknown key `{quoted(key)[1:-1]}`; {hint}"


_SPECIAL: dict[str, Callable[[ErrorDetails, type[BaseModel]], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
}


def explain_crossing(crossing: Crossing, root: Node) -> Problem:
    """A disagreement of two places, at the one that names the other."""
    node, line = node_at(root, crossing.path)
    found = shown(node) if crossing.shows_value else None
    value = f", is {found}" if found else ""
    hint = f"; did you mean `{crossing.nearest}`?" if crossing.nearest else ""
    return Problem(line, 0, crossing.path, f"{crossing.words}{value}{hint}")


def model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model whose fields stand at `path` in the file; None where none is known."""
    found: object = model
    for part in path:
        if _is_model(found):
            field = found.model_fields.get(str(part))
            found = field.annotation if field else None
        else:
            found = next(iter(get_args(found)[1:]), None)
        found = _without_none(found)
    return found if _is_model(found) else None


def _is_model(found: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _without_none(annotation: object) -> object:
    models = [one for one in get_args(annotation) if _is_model(one)]
    optional = type(None) in get_args(annotation)
    return models[0] if optional and models else annotation


def _deeper(owner: type[BaseModel] | None) -> list[str]:
    """`ready.timeout_s` and its like: a right key, one level too high."""
    fields = owner.model_fields.items() if owner else ()
    return [
        f"{name}.{inner}"
        for name, field in fields
        if _is_model(inside := _without_none(field.annotation))
        for inner in inside.model_fields
    ]
