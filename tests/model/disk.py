"""Files in memory, with what a power cut does to names and contents that were not synced."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Inode:
    data: bytes
    synced: bytes = b""


class Disk:
    """Paths are absolute and written as text; folders exist as soon as a file is in them."""

    def __init__(self) -> None:
        self._names: dict[str, _Inode] = {}
        self._durable: dict[str, _Inode] = {}
        self.full = False

    # --- reading --------------------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        return path in self._names

    def read(self, path: str) -> bytes | None:
        inode = self._names.get(path)
        return None if inode is None else inode.data

    def text(self, path: str) -> str:
        """Empty when there is no such file, as `cat` with its error thrown away."""
        return (self.read(path) or b"").decode(errors="replace")

    def names(self, folder: str) -> frozenset[str]:
        """Files and folders directly in `folder`."""
        start = folder.rstrip("/") + "/"
        return frozenset(
            path[len(start) :].split("/", 1)[0] for path in self._names if path.startswith(start)
        )

    def paths(self) -> dict[str, bytes]:
        return {path: inode.data for path, inode in self._names.items()}

    # --- changing -------------------------------------------------------------------------------

    def write(self, path: str, data: bytes) -> bool:
        """False when the disk takes nothing more, or a folder stands there."""
        taken = not self.full and not self.names(path)
        if taken:
            self._names[path] = _Inode(data)
        return taken

    def append(self, path: str, data: bytes) -> bool:
        taken = not (self.full and data) and not self.names(path)
        if taken:
            inode = self._names.setdefault(path, _Inode(b""))
            inode.data += data
        return taken

    def rename(self, old: str, new: str) -> bool:
        """False when there is nothing to rename, as `mv` that fails."""
        if old not in self._names:
            return False
        self._names[new] = self._names.pop(old)
        return True

    def remove(self, *paths: str) -> None:
        for path in paths:
            self._names.pop(path, None)

    def remove_tree(self, folder: str) -> None:
        self.remove(*[path for path in self._names if path.startswith(f"{folder}/")])

    # --- what lasts -----------------------------------------------------------------------------

    def sync_file(self, path: str) -> None:
        """fsync of a file: its contents last, and, as on ext4 and xfs, a new file's name too."""
        inode = self._names.get(path)
        if inode is not None:
            inode.synced = inode.data
            if id(inode) not in map(id, self._durable.values()):
                self._durable[path] = inode

    def sync_folder(self, folder: str) -> None:
        """fsync of a folder: the names in it last as they are now."""
        here = {path: inode for path, inode in self._names.items() if _parent(path) == folder}
        moved_in = set(map(id, here.values()))
        elsewhere = {
            path: inode
            for path, inode in self._durable.items()
            if _parent(path) != folder and id(inode) not in moved_in
        }
        self._durable = elsewhere | here

    def put(self, path: str, data: bytes) -> None:
        """A file beside it, synced, renamed, the folder synced."""
        self.write(f"{path}.tmp", data)
        self.sync_file(f"{path}.tmp")
        self.rename(f"{path}.tmp", path)
        self.sync_folder(_parent(path))

    def power_cut(self, *, lose: bool) -> None:
        """`lose`: nothing that was not synced is there any more; else all of it happens to be."""
        if lose:
            self._names = dict(self._durable)
            for inode in self._names.values():
                inode.data = inode.synced
        for path in self._names:
            self.sync_file(path)
        self._durable = dict(self._names)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
