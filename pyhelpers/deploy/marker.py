"""The marker: `live/<service>.<colour>`. Its name is the truth about which colour is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.model import Colour

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath


def path(root: PurePosixPath, service: str, colour: Colour) -> PurePosixPath:
    return root / "live" / f"{service}.{colour}"


def markers_in(names: Iterable[str], service: str) -> frozenset[Colour]:
    """Of the names in `live/`, the colours that this service's markers name."""
    present = set(names)
    return frozenset(colour for colour in Colour if f"{service}.{colour}" in present)
