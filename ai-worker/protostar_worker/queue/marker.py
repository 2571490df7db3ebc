"""Whether this colour may take jobs: a file says so, and a rename of it is the switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOOK_S = 0.02  # Between two looks while it is not there, so a switch is noticed within that.


class Marker:
    """Looked at on the disk each time: the file is the truth. Without one configured: always."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @property
    def is_here(self) -> bool:
        return self._path is None or self._path.exists()
