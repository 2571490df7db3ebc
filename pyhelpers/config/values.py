"""Nodes → plain data: what a text means, and what `${NAME}` stands for. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyhelpers.config.problems import Path, Problem, quoted
from pyhelpers.config.yaml_nodes import Entries, Items, Node, Scalar, Unread

if TYPE_CHECKING:
    from collections.abc import Mapping

# YAML 1.1 would also read 0o17, 0x1F, 1_000, 017 and 12:30:00 as numbers: here they stay text,
# and a number's field refuses them.
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,99})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,99})(\.[0-9]{1,99})?([eE][-+]?[0-9]{1,3})?")
_BOOLS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

_REFERENCE = re.compile(
    r"\$\$\{"  # $${ is a plain ${
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?P<default>(?:(?!\$\{)[^}])*))?\}"
    r"|\$\{"
)
_MALFORMED = "${ begins a reference as ${NAME} or ${NAME:-default}; write $${ for a plain ${"


class Values:
    """Plain data out of nodes; collects what is wrong with the references."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def of(self, node: Node, path: Path = ()) -> object:
        if isinstance(node, Entries):
            return {key: self.of(value, (*path, key)) for key, value in node.values.items()}
        if isinstance(node, Items):
            return [self.of(item, (*path, index)) for index, item in enumerate(node.items)]
        if isinstance(node, Unread):
            return None
        meaning = meaning_of(node)
        return self._filled(meaning, node.line, path) if isinstance(meaning, str) else meaning

    def _filled(self, text: str, line: int, path: Path) -> str:
        def value_of(found: re.Match[str]) -> str:
            try:
                return _value(found, self._environ)
            except LookupError as wrong:
                self.problems.append(Problem(line, 0, path, wrong.args[0]))
                return ""

        return _REFERENCE.sub(value_of, text)


def _value(found: re.Match[str], environ: Mapping[str, str]) -> str:
    """As a shell has it: a default stands in for a variable that is unset or empty."""
    if found[0] == "$${":
        return "${"
    name, default = found["name"], found["default"]
    if name is None:
        raise LookupError(_MALFORMED)
    if default is not None:
        return environ.get(name) or default
    if name not in environ:
        raise LookupError(f"the environment has no {name}")
    return environ[name]


def meaning_of(scalar: Scalar) -> bool | int | float | str | None:
    """What a text means; in quotes it is always text."""
    text = scalar.text
    if not scalar.plain:
        return text
    if text in _NULLS:
        return None
    if text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def shown(node: Node | None) -> str | None:
    """What a message may show of a node: a short text as it is written, or what kind it is."""
    if isinstance(node, Entries):
        return "a mapping"
    if isinstance(node, Items):
        return "a list"
    return _shown_scalar(node) if isinstance(node, Scalar) else None


def _shown_scalar(scalar: Scalar) -> str:
    if scalar.plain and not scalar.text:
        return "empty"
    in_quotes = quoted(scalar.text)
    # A number or a yes is shown bare, so that 'yes' in quotes and yes look different.
    return in_quotes if isinstance(meaning_of(scalar), str) else in_quotes[1:-1]
