"""The history of a service: JSON lines on the host, read into records. Pure."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy.model import Colour, Record, Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def parse(text: str) -> tuple[Record, ...]:
    """Records, oldest first. A torn last line (a power cut) is passed over.

    A deploy leaves two lines with one id: what it came to, and, later, how the old colour went.
    """
    merged: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        entry = _decode(line)
        if entry is not None:
            _merge(merged.setdefault(str(entry["id"]), {}), entry)
    return tuple(_record(entry) for entry in merged.values() if "outcome" in entry)


def _decode(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "id" in entry else None


def _merge(into: dict[str, Any], entry: dict[str, Any]) -> None:
    if entry.get("outcome") == "finished":
        into.update({key: entry[key] for key in ("drain_s", "cut") if key in entry})
    else:
        into.update(entry)


def _record(entry: dict[str, Any]) -> Record:
    return Record(
        id=entry["id"],
        action=entry.get("action", "deploy"),
        who=entry.get("who", "?"),
        at=entry.get("at", ""),
        outcome=entry["outcome"],
        release=_release(entry["release"]),
        colour=Colour(entry["colour"]),
        previous=entry.get("previous", ""),
        hooks_ran=entry.get("hooks_ran", False),
        reason=entry.get("reason", ""),
        verdict=entry.get("verdict", ""),
        steps=entry.get("steps", {}),
        switched_at=entry.get("switched_at"),
        flipped_at=entry.get("flipped_at"),
        drain_s=entry.get("drain_s"),
        cut=entry.get("cut"),
    )


def _release(told: Mapping[str, str]) -> Release:
    return Release(told["id"], told["image"], told["label"], told["config_digest"])


def good(history: Sequence[Record]) -> tuple[Record, ...]:
    return tuple(record for record in history if record.good)


def last_good(history: Sequence[Record]) -> Record | None:
    return next(reversed(good(history)), None)


def live_record(history: Sequence[Record], colour: Colour | None) -> Record | None:
    """The record that made the live colour live, when the last good one says so."""
    last = last_good(history)
    return last if last is not None and last.colour is colour else None


def rollback_candidates(
    history: Sequence[Record], *, last_is_live: bool = True
) -> tuple[Record, ...]:
    """Good releases before the live one, nearest first, without those that were rolled back.

    `last_is_live` False: what is live never became good, so the last good one is a candidate too.
    """
    records = good(history)
    if not last_is_live:
        return (records[-1], *rollback_candidates(history)) if records else ()
    unwanted = _rolled_back(records) | {record.release.id for record in records[-1:]}
    nearest: dict[str, Record] = {}
    for record in reversed(_before_live(records)):
        if record.release.id not in unwanted:
            nearest.setdefault(record.release.id, record)
    return tuple(nearest.values())


def _before_live(records: Sequence[Record]) -> Sequence[Record]:
    """What came before the live release was deployed; a rollback stands where its target stood."""
    deployed = [
        index
        for index, record in enumerate(records)
        if record.release.id == records[-1].release.id and record.action != "rollback"
    ]
    return records[: deployed[-1]] if deployed else ()


def _rolled_back(records: Sequence[Record]) -> set[str]:
    """Releases that a rollback left and that nobody has deployed since."""
    left: set[str] = set()
    for record in records:
        left.discard(record.release.id)
        if record.action == "rollback":
            left.add(record.previous)
    return left


def schema_is_newer(history: Sequence[Record]) -> Record | None:
    """The later release whose hooks changed the schema, when an older one serves.

    It was rolled back to, or the later one was refused or flipped back after its hooks had run.
    """
    last = last_good(history)
    return hooks_since(history, last.release.id) if last is not None else None


def hooks_since(history: Sequence[Record], release: str) -> Record | None:
    """The first record after `release` was deployed whose hooks changed the schema for another."""
    first = next((i for i, r in enumerate(history) if r.good and r.release.id == release), None)
    if first is None:
        return None
    later = (r for r in history[first + 1 :] if r.hooks_ran and r.release.id != release)
    return next(later, None)


def to_prune(
    kept: Iterable[str], history: Sequence[Record], in_use: set[str], keep: int
) -> tuple[str, ...]:
    """Release folders beyond the `keep` newest good releases; never one in use."""
    newest: list[str] = list(in_use)
    for record in reversed(good(history)):
        if len(newest) >= keep:
            break
        if record.release.id not in newest:
            newest.append(record.release.id)
    return tuple(sorted(set(kept) - set(newest)))


def adoption(identity: str, at: str, who: str, colour: Colour, release: Release) -> dict[str, Any]:
    """The record of an `adopt`: from here on this release counts as good."""
    return {
        "id": identity,
        "action": "adopt",
        "who": who,
        "at": at,
        "outcome": "adopted",
        "colour": str(colour),
        "release": dataclasses.asdict(release),
    }
