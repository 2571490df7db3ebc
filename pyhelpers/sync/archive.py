"""A release as one tar archive, the same bytes each time. Pure."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from pyhelpers.sync.model import File

if TYPE_CHECKING:
    from pyhelpers.sync.model import Files


def packed(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(file.data), file.mode
            archive.addfile(entry, io.BytesIO(file.data))
    return buffer.getvalue()


def unpacked(data: bytes) -> Files:
    """What is no plain file is left out. Raises `tarfile.TarError` for what is no archive."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {}
        for entry in archive:
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is not None:
                found[entry.name.removeprefix("./")] = File(content.read(), entry.mode & 0o777)
        return found
