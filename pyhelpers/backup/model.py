"""What is kept, what was found in the store, and what is to be done. Pure."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The path that each kind of snapshot has in the store.
BASE = "/base.tar"
GLOBALS = "/globals.sql"
WAL = "/spool/ship"
SOURCES = "/sources"


class Kind(StrEnum):
    """In the order in which a run makes them."""

    POSTGRES = "postgres"
    DUMP = "dump"
    REDIS = "redis"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is kept: `dump protostar`, `redis queue`. PostgreSQL has one, as a whole."""

    kind: Kind
    of: str = ""

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.of}" if self.of else str(self.kind)

    @property
    def path(self) -> str:
        """Where the store has it."""
        return {
            Kind.POSTGRES: BASE,
            Kind.DUMP: f"/{self.of}.dump",
            Kind.REDIS: f"/{self.of}.rdb",
            Kind.FOLDER: f"{SOURCES}/{self.of}",
        }[self.kind]

    @property
    def counts_path(self) -> str:
        """A dump's only: what each table held in the moment of the dump."""
        return f"/{self.of}.counts"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One in the store. Moments are seconds since 1970; `size_bytes` is what was read."""

    id: str
    path: str
    began: float
    ended: float
    tags: tuple[str, ...] = ()
    size_bytes: int = 0
    files: int = 0
    added_bytes: int = 0

    def tag(self, prefix: str) -> str:
        """What follows `prefix` in one of its tags; empty when none has it."""
        found = (tag.removeprefix(prefix) for tag in self.tags if tag.startswith(prefix))
        return next(found, "")

    @property
    def line(self) -> str:
        """Which row of WAL it belongs to."""
        return self.tag("line-")

    @property
    def run(self) -> str:
        return self.tag("run-")

    @property
    def cluster(self) -> str:
        """The system identifier of the database that it is a copy of."""
        return self.tag("cluster-")


@dataclass(frozen=True, slots=True)
class Container:
    """One of the host's stack. `volumes`: what is mounted where, names or folders of the host."""

    id: str
    name: str
    image: str
    running: bool
    user: str = ""
    data: str = ""
    volumes: Mapping[str, str] = field(default_factory=dict)

    def beside(self, path: str) -> Place:
        """The folder that `path` lies in, and the volume that holds it."""
        inside = [at for at in self.volumes if path.startswith(f"{at}/")]
        at = max(inside, key=len, default="")
        return Place(self.volumes.get(at, ""), at, posixpath.dirname(path), self.user or "0:0")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is brought back to: a folder in a volume, beside what is used now."""

    volume: str
    mount: str
    folder: str
    user: str

    @property
    def restored(self) -> str:
        return f"{self.folder}/restored"

    @property
    def wal(self) -> str:
        return f"{self.folder}/restored-wal"


@dataclass(frozen=True, slots=True)
class Point:
    """What PostgreSQL is brought back from: a base backup, and the WAL up to `reaches`."""

    base: Snapshot
    wal: Snapshot | None
    target: float | None = None

    @property
    def reaches(self) -> float:
        """The moment whose state comes back."""
        if self.target is not None:
            return self.target
        return self.base.ended if self.wal is None else max(self.wal.began, self.base.ended)

    @property
    def size_bytes(self) -> int:
        return self.base.size_bytes + (self.wal.size_bytes if self.wal else 0)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a drill or a verification found of one item. `wrong` is empty when it is well."""

    item: str
    what: str
    wrong: str = ""
    seconds: float = 0.0
    size_bytes: int = 0
