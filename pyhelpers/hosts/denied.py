"""What is another user's on a host."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath


class Denied(Unreachable):
    """We have no right to a path: somebody else, root perhaps, made it or a folder above it."""


@contextmanager
def denied(name: str, path: PurePosixPath) -> Iterator[None]:
    """A `PermissionError` in the block becomes a `Denied` of `path` on host `name`."""
    try:
        yield
    except PermissionError:
        raise Denied(
            error=f"{name}: we have no right to {path}",
            try_=f"sudo chown -R $(id -un) {path}   # on {name}, as the user who deploys",
        ) from None
