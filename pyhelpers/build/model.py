"""What a build is made of: what is asked for, what is there, what will be done. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pyhelpers.steps import Step

if TYPE_CHECKING:
    from pathlib import PurePosixPath


class Cache(StrEnum):
    """Where layers that were built before come from."""

    AUTO = "auto"
    REGISTRY = "registry"
    LOCAL = "local"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person typed. Paths are of the machine that we run on.

    `version`: "" for the commit's own name. `registry`: where the builder reaches it, "" for
    what protostar.yml says. `builder`: "" for whichever is there. `secrets`: as buildx takes them,
    never a value.
    """

    service: str
    context: PurePosixPath
    version: str = ""
    dockerfile: PurePosixPath | None = None
    target: str = ""
    build_args: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    platform: str = ""
    builder: str = ""
    registry: str = ""
    push: bool = True
    cache: Cache = Cache.AUTO
    cache_folder: PurePosixPath | None = None
    cache_limit_mb: int = 20_480
    pull: bool = False
    sbom: bool = False
    allow_dirty: bool = False

    @property
    def recipe(self) -> PurePosixPath:
        return self.dockerfile or self.context / "Dockerfile"


@dataclass(frozen=True, slots=True)
class Source:
    """The checkout that is built. `revision`: the commit, "" where there is none.

    `committed_at`: RFC 3339. `changed`: files that are not what the commit says. `problem`: why
    git tells nothing.
    """

    revision: str = ""
    committed_at: str = ""
    origin: str = ""
    changed: tuple[str, ...] = ()
    problem: str = ""
    has_recipe: bool = True
    has_ignores: bool = True

    @property
    def short(self) -> str:
        """The tag that names the commit; it says so when it is not only the commit."""
        return self.revision[:12] + ("-dirty" if self.revision and self.changed else "")


@dataclass(frozen=True, slots=True)
class Builder:
    """What builds. `full`: it can write a cache elsewhere and say what went into an image.

    The engine's own builder can do so only with containerd's image store.
    """

    name: str
    driver: str
    full: bool
    buildx: tuple[int, int, int]

    @property
    def is_the_engines(self) -> bool:
        """Its images are in the engine at once, and its cache is everybody's on that engine."""
        return self.driver == "docker"


@dataclass(frozen=True, slots=True)
class Command(Step):
    """A step that is a command, or something that we do ourselves (`argv` is empty then)."""

    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """`references`: what the image will be called, the version's name first.

    `digest_prefix`: what comes before the digest in what a deploy is told.
    """

    service: str
    references: tuple[str, ...]
    source: Source
    builder: Builder
    pushes: bool
    steps: tuple[Command, ...]
    warnings: tuple[str, ...] = ()
    digest_prefix: str = ""
    cache_folder: PurePosixPath | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """What came of it. `version`: what `protostar deploy run SERVICE` takes."""

    plan: Plan
    digest: str
    version: str
    seconds: dict[str, float]
    warnings: tuple[str, ...] = ()
