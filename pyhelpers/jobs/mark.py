"""The mark of what is ours: the last line of an item's description. Pure.

It names the installation, so that two of them can share a controller, and the item itself, so that
a copy that somebody makes of it in Jenkins, or what is renamed there, is not taken for ours.
People see it on the item's page, which is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = re.compile(
    r"\[protostar (?P<installation>[a-z][a-z0-9-]*): (?P<name>[A-Za-z0-9._/-]+)\] "
    r"kept as code, edits here are undone"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a mark names."""

    installation: str
    name: str


def marked(text: str, owner: Owner) -> str:
    """The description that is sent: `text`, and the mark below it."""
    mark = f"[protostar {owner.installation}: {owner.name}] kept as code, edits here are undone"
    return f"{text}\n\n{mark}" if text else mark


def split(description: str) -> tuple[str, Owner | None]:
    """The text without the mark, and whom the mark names; None where there is no mark."""
    text, _, last = description.replace("\r\n", "\n").strip().rpartition("\n")
    found = _MARK.fullmatch(last.strip())
    if found is None:
        return description, None
    return text.strip(), Owner(found["installation"], found["name"])
