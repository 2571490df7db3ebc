"""What a configuration is, what was found on a host, and what is to be done. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pyhelpers.config.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

HEALTHY = ("", "healthy")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a release, and who may read it."""

    data: bytes
    mode: int = 0o644


Files = dict[str, File]
# Of each file below a release's folder: its mode and its SHA-256.
Listing = dict[str, tuple[int, str]]


class StepName(StrEnum):
    """The order in which they are done."""

    CHECK = "check"
    UPLOAD = "upload"
    FETCH = "fetch images"
    FLIP = "flip"
    CONTAINERS = "containers"
    RELOAD = "reload nginx"
    VERIFY = "verify"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Step:
    name: StepName
    what: str


@dataclass(frozen=True, slots=True)
class Target:
    """A whole configuration of one host. `action`: apply, rollback or adopt.

    `hidden`: the secrets in it that are known by themselves; no message may show them.
    """

    host: str
    project: str
    files: Files
    digest: str
    nginx: str
    services: Mapping[str, str]
    commit: str = ""
    action: str = "apply"
    hidden: tuple[Secret, ...] = ()

    def masked(self, text: str) -> str:
        """Compose quotes the line of an env file that it cannot read."""
        for secret in self.hidden:
            text = text.replace(secret.reveal(), MASK)
        return text


@dataclass(frozen=True, slots=True)
class Container:
    """One of the stack's, as `docker ps` shows it."""

    id: str
    name: str
    state: str
    status: str
    service: str
    config: str
    nginx_port: int = 0
    pipeline: bool = False

    @property
    def health(self) -> str:
        """What stands in brackets: healthy, unhealthy, starting; empty without a health check."""
        _, bracket, rest = self.status.partition("(")
        word = rest.rstrip(")") if bracket and self.state == "running" else ""
        return word.removeprefix("health: ")

    @property
    def finished(self) -> bool:
        """A job that has ended well, not a server that has stopped."""
        return self.state == "exited" and self.status.startswith("Exited (0)")

    @property
    def well(self) -> bool:
        return self.finished or (self.state == "running" and self.health in HEALTHY)


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the history: what was done, and the digest that the host has since."""

    at: str
    who: str
    action: str
    outcome: str
    digest: str
    now: str
    commit: str = ""
    previous: str = ""
    reason: str = ""
    services: tuple[str, ...] = ()
    steps: Mapping[str, float] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.outcome == "done"


@dataclass(frozen=True, slots=True)
class Found:
    """What was read from a host. `unfinished`: what an apply that never ended was about."""

    current: str = ""
    listing: Listing = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    files: Files = field(default_factory=dict)
    unfinished: Mapping[str, Any] | None = None
    history: tuple[Record, ...] = ()
    containers: tuple[Container, ...] = ()
    strangers: Mapping[str, str] = field(default_factory=dict)
    served: Mapping[str, str] = field(default_factory=dict)
    free_bytes: int = 1 << 40


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a person has said yes to, and where the command runs."""

    force: bool = False
    drift: bool = False
    in_pipeline: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done. Without steps there is nothing to do."""

    target: Target
    previous: str
    steps: tuple[Step, ...]
    changed: tuple[str, ...] = ()
    create: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
