"""The history of a host's configuration: JSON lines there, read into records. Pure."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from pyhelpers.sync.model import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FIELDS = {each.name for each in dataclasses.fields(Record)}


def parse(text: str) -> tuple[Record, ...]:
    """Oldest first. A torn line (a power cut) is passed over."""
    return tuple(record for line in text.splitlines() if (record := _record(line)) is not None)


def _record(line: str) -> Record | None:
    try:
        entry: dict[str, Any] = json.loads(line)
        known = {name: value for name, value in entry.items() if name in FIELDS}
        known["services"] = tuple(known.get("services", ()))
        return Record(**known)
    except (ValueError, TypeError, AttributeError):
        return None


def line_of(record: Record) -> str:
    return json.dumps(dataclasses.asdict(record), ensure_ascii=False, separators=(",", ":"))


def last_good(history: Sequence[Record]) -> Record | None:
    return next((record for record in reversed(history) if record.good), None)


def expected(history: Sequence[Record]) -> str:
    """What `current` must be, by the last line: an apply that failed says what it put back."""
    return history[-1].now if history else ""


def commit_of(history: Sequence[Record], digest: str) -> str:
    """The commit that a digest last came from."""
    found = (r.commit for r in reversed(history) if r.digest == digest and r.commit and r.good)
    return next(found, "")


def before(history: Sequence[Record], current: str, kept: Collection[str]) -> str:
    """The good digest before the current one that is still on the host; empty when there is none.

    What a rollback has left is not gone back to: twice in a row goes back two.
    """
    left: set[str] = {current}
    for record in reversed(history):
        if not record.good:
            continue
        if record.action == "rollback":
            left.add(record.previous)
        if record.digest not in left and record.digest in kept:
            return record.digest
    return ""


def to_prune(history: Sequence[Record], kept: Collection[str], keep: int) -> tuple[str, ...]:
    """Releases beyond the `keep` newest that were good, or were set aside for somebody."""
    newest: list[str] = []
    for record in reversed(history):
        if (record.good or record.outcome == "set aside") and record.digest not in newest:
            newest.append(record.digest)
    return tuple(sorted(set(kept) - set(newest[:keep]) - {expected(history)}))
