"""What somebody changed on the host since the last apply. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.sync import compose, history
from pyhelpers.sync.digest import listing_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.sync.model import Found


@dataclass(frozen=True, slots=True)
class Drift:
    """`path`: of a file below the release, or a container's name."""

    path: str
    what: str


def drift(found: Found) -> list[Drift]:
    """An apply that did not end explains a container that differs, and a link; never a file."""
    if not found.current and found.listing:
        return [Drift("config/current", "is a folder, not a link that sync has made")]
    return [*_files(found), *(() if found.unfinished is not None else _rest(found))]


def _files(found: Found) -> Iterator[Drift]:
    if found.current and not found.files:
        yield Drift(f"releases/{found.current}", "was not made by sync, or its archive is gone")
        return
    sent = listing_of(found.files)
    for name in sorted(sent.keys() | found.listing.keys()):
        if name not in found.listing:
            yield Drift(name, "removed")
        elif name not in sent:
            yield Drift(name, "added")
        elif sent[name][1] != found.listing[name][1]:
            yield Drift(name, "edited")
        elif sent[name] != found.listing[name]:
            yield Drift(name, f"mode {found.listing[name][0]:o}, was {sent[name][0]:o}")


def _rest(found: Found) -> Iterator[Drift]:
    expected = history.expected(found.history)
    if expected != found.current:
        yield Drift("config/current", f"names {found.current or 'nothing'}, was {expected or 'no'}")
    wanted = compose.digests_in(found.files)
    for container in found.containers:
        if container.service in wanted and container.config != wanted[container.service]:
            yield Drift(container.name, "was made from another configuration")
