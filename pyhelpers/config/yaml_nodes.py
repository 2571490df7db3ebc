"""YAML text → nodes that know their lines.

Built from libyaml's events, not by yaml.load: so keys written twice are seen, depth is bounded
before anything is built, and no tag can make an object. Anchors and aliases are refused: they are
what an "alias bomb" is made of, and a reader of one service would have to look elsewhere for what
it says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml
from yaml.reader import Reader

from pyhelpers.config.problems import Path, Problem, Refused
from pyhelpers.config.syntax import syntax_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

# The deepest value of protostar.yml stands 6 levels down.
MAX_DEPTH = 12

AnyLoader = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
# libyaml where PyYAML was built with it, else the same in pure Python.
Loader: AnyLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_ANCHOR = "anchors (&) and aliases (*) are not read; write the value out, or quote it if it is text"
_TAG = "tags (!) are not read; quote the value if it is text"
# What YAML itself forbids. Compiled already: once more would take 0.01 s of every command.
_UNPRINTABLE = Reader.NON_PRINTABLE


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as it is written. `plain`: without quotes, so it may mean a number."""

    line: int
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping; `key_lines` says where each key stands."""

    line: int
    values: dict[str, Node] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """A value that was refused; its problem is in the list."""

    line: int


Node = Scalar | Items | Entries | Unread


def read_nodes(text: str, loader: AnyLoader = Loader) -> tuple[Node | None, list[Problem]]:
    """The document, None when it is empty, and what is wrong with it though it can be read on.

    Raises `Refused` where it cannot.
    """
    unprintable = _UNPRINTABLE.search(text)
    if unprintable is not None:
        raise Refused([_unprintable(text, unprintable.start())])
    reader = _Reader(yaml.parse(text, Loader=loader))
    try:
        return reader.document(), reader.problems
    except yaml.YAMLError as error:
        raise Refused([*reader.problems, syntax_problem(error, text)]) from None


def _unprintable(text: str, at: int) -> Problem:
    before = text[:at]
    line = before.count("\n") + 1
    return Problem(
        line, at - before.rfind("\n"), (), f"the character {text[at]!a} cannot stand here"
    )


class _Reader:
    """Walks the events. Recursion is bounded by MAX_DEPTH."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self.problems: list[Problem] = []

    def document(self) -> Node | None:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        node = self._node(next(self._events), ())
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after, (), "a second document begins here; one file is one document")
        return node

    def _node(self, event: yaml.Event, path: Path) -> Node:
        if len(path) > MAX_DEPTH:
            self._refuse(event, path, f"is nested more than {MAX_DEPTH} levels deep")
            raise Refused(self.problems)
        readable = self._readable(event, path)
        told = len(self.problems)
        node = self._value(event, path)
        if readable:
            return node
        # What stands inside is not read either, so it needs no messages of its own.
        del self.problems[told:]
        return Unread(node.line)

    def _value(self, event: yaml.Event, path: Path) -> Node:
        line = _line(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._entries(Entries(line), path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(Items(line), path)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(line, event.value, plain=bool(event.implicit[0]))
        return Unread(line)

    def _readable(self, event: yaml.Event, path: Path) -> bool:
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._refuse(event, path, _ANCHOR)
        elif getattr(event, "tag", None) is not None:
            self._refuse(event, path, _TAG)
        else:
            return True
        return False

    def _items(self, node: Items, path: Path) -> Items:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            node.items.append(self._node(event, (*path, len(node.items))))
        return node

    def _entries(self, node: Entries, path: Path) -> Entries:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            value = self._node(next(self._events), (*path, key))
            self._enter(node, path, key, _line(event), value)
        return node

    def _key(self, event: yaml.Event, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            alias = isinstance(event, yaml.AliasEvent)
            self._refuse(event, path, _ANCHOR if alias else "a key must be a word, not a structure")
            raise Refused(self.problems)
        self._readable(event, (*path, event.value))
        return event.value

    def _enter(self, node: Entries, path: Path, key: str, line: int, value: Node) -> None:
        if key in node.values:
            message = f"stands here a second time; the first is in line {node.key_lines[key]}"
            self.problems.append(Problem(line, 0, (*path, key), message))
            return
        node.values[key] = value
        node.key_lines[key] = line

    def _refuse(self, event: yaml.Event, path: Path, message: str) -> None:
        self.problems.append(Problem(_line(event), 0, path, message))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def node_at(root: Node | None, path: Path) -> tuple[Node | None, int]:
    """The node that stands at `path` (None when it is absent), and the line to name for it.

    For what is absent that is the line of the nearest thing around it.
    """
    node, line = root, root.line if root else 0
    for part in path:
        found = _child(node, part)
        if found is None:
            return None, line
        node, line = found
    return node, line


def _child(node: Node | None, part: str | int) -> tuple[Node, int] | None:
    if isinstance(node, Entries) and isinstance(part, str) and part in node.values:
        return node.values[part], node.key_lines[part]
    if isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
        return node.items[part], node.items[part].line
    return None
