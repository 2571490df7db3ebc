"""A cache of our own in a folder: the new one takes the old one's place, or none does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pyhelpers.build.commands import beside

if TYPE_CHECKING:
    from pathlib import PurePosixPath

MB = 1_000_000


def keep(folder: PurePosixPath, limit_mb: int) -> str:
    """What was done, in words. A run that dies in between leaves a cache that is only older."""
    new, old = Path(beside(folder)), Path(folder)
    if not new.is_dir():
        return "the builder wrote none"
    size_mb = sum(each.stat().st_size for each in new.rglob("*") if each.is_file()) / MB
    shutil.rmtree(old, ignore_errors=True)
    if size_mb > limit_mb:
        shutil.rmtree(new)
        return f"{size_mb:.0f} MB is more than it may be: removed, the next build begins anew"
    new.rename(old)
    return f"{size_mb:.0f} MB"
