"""Options side by side → a line for each difference. Pure.

An option of the server comes first: `scm.branch: main → release`. What is on one side only is one
line with all that it says. No line shows a password of a URL, which somebody may have typed there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.jobs.definition import Option, Options

# What stands before the @ of a URL, but for a user alone as in ssh://git@host.
_SECRET = re.compile(r"(https?://|[a-z+]+://[^/@\s:]*:)[^/@\s]*@")
_LONGEST = 100
_LEAD = 20


def differences(there: Options, here: Options, path: str = "") -> Iterator[str]:
    """Lines in the order of `here`, then what only the server has."""
    both = [key for key in here if key in there]
    yield from _order(path, both, [key for key in there if key in here])
    for key in [*here, *(key for key in there if key not in here)]:
        yield from _one(f"{path}.{key}" if path else key, there.get(key), here.get(key))


def _order(path: str, here: list[str], there: list[str]) -> Iterator[str]:
    """Of parameters it is what a person sees; the other options always come in the same."""
    if here != there and sorted(here) == sorted(there) and path:
        yield f"{path}: order {', '.join(there)} → {', '.join(here)}"


def _one(path: str, there: Option, here: Option) -> Iterator[str]:
    if there == here and not isinstance(here, Mapping):
        return
    # Of another kind it has other options, too: that is one change, not one for each of them.
    if (
        isinstance(there, Mapping)
        and isinstance(here, Mapping)
        and there.get("kind") == here.get("kind")
    ):
        yield from differences(there, here, path)
    else:
        before, after = _around_the_change(shown(there), shown(here))
        yield f"{path}: {before} → {after}"


def shown(value: Option) -> str:
    """A value in a line of a plan."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    if isinstance(value, str):
        return _quoted(_SECRET.sub(r"\1***@", value))
    return "none" if value is None else str(value).lower()


def _quoted(text: str) -> str:
    bare = re.fullmatch(r"[^\s'\"{}\[\],](.*[^\s'\"{}\[\],])?", text)
    return text if bare and text.isprintable() else repr(text)


def _around_the_change(before: str, after: str) -> tuple[str, str]:
    """Two long texts, from a little before the place where they part."""
    if max(len(before), len(after)) <= _LONGEST:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    parted = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(0, parted - _LEAD)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    cut = text[start : start + _LONGEST]
    return ("…" if start else "") + cut + ("…" if start + _LONGEST < len(text) else "")
