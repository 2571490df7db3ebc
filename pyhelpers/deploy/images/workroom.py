"""A folder for an image on its way. One whose maker was killed is removed by the next who comes."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "protostar-image-"
# Its maker holds a lock on it, which goes with the process, however that ends.
LOCK = "lock"


@contextmanager
def workroom(where: Path) -> Iterator[Path]:
    """An empty folder in `where`, as long as the block lasts. Raises `OSError` without room."""
    _remove_abandoned(where)
    folder, lock = _made(where)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _made(where: Path) -> tuple[Path, int]:
    """Another one who looks for abandoned folders may take a new one before it is locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
        lock = _locked(folder)
        if lock is not None and (folder / LOCK).exists():
            return folder, lock


def _remove_abandoned(where: Path) -> None:
    for folder in where.glob(f"{PREFIX}*"):
        lock = _locked(folder) if _is_ours(folder) else None
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _is_ours(folder: Path) -> bool:
    """In a folder where everybody may write, a name of ours proves nothing."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _locked(folder: Path) -> int | None:
    """None: somebody holds it, or it has just gone."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
