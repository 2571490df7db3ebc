"""What the deploy talks about: colours, releases, facts, plans. Frozen and without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.config.model import Gateway, Service


class Colour(StrEnum):
    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Colour:
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


@dataclass(frozen=True, slots=True)
class Release:
    """An image and a folder of configuration, together.

    `image` is what the engine is asked for (a reference with its digest, or an image id when
    no registry knows it). `label` is what a person typed: a tag.
    """

    id: str
    image: str
    label: str
    config_digest: str


@dataclass(frozen=True, slots=True)
class Container:
    id: str
    name: str
    colour: Colour
    release: str
    running: bool
    restarts: int
    address: str
    exit_code: int = 0
    adopted: bool = False
    root: str = ""


class Way(StrEnum):
    """How an image gets to a host that does not have it."""

    PULL = "pull"
    TUNNEL = "pull through the tunnel"
    SHIP = "send the layers that are not here"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The wanted image: where it is and what it runs on. `present` = this engine has it.

    `size_bytes` is what a registry stores (compressed) or what an engine has (unpacked);
    `here_as` is a name under which this engine has it, "" where `reference` is one.
    """

    reference: str
    digest: str
    architectures: tuple[str, ...]
    present: bool
    size_bytes: int = 0
    way: Way = Way.PULL
    here_as: str = ""
    config_digest: str = ""
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineFacts:
    version: str
    architecture: str
    disk_free_bytes: int
    memory_free_bytes: int
    root_free_bytes: int = 1 << 40


@dataclass(frozen=True, slots=True)
class GatewayFacts:
    """What the gateway itself answers: its nginx, and the colour it sees for each service."""

    nginx: str
    services: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway gave for one request. `app` is false when nginx itself made the answer."""

    status: int
    release: str
    address: str
    colour: str
    body: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def app(self) -> bool:
        return (bool(self.address) and self.status not in (0, 502, 504)) or bool(self.release)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own numbers


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the guard of a service, as the owner file says."""

    who: str
    pid: int
    since: str
    step: str


@dataclass(frozen=True, slots=True)
class Record:
    """One deploy in the history; `outcome`: done, adopted, refused, flipped_back, interrupted…"""

    id: str
    action: str
    who: str
    at: str
    outcome: str
    release: Release
    colour: Colour
    previous: str = ""
    hooks_ran: bool = False
    reason: str = ""
    verdict: str = ""
    steps: Mapping[str, float] = field(default_factory=dict)
    switched_at: float | None = None
    flipped_at: float | None = None
    drain_s: float | None = None
    cut: int | None = None

    @property
    def good(self) -> bool:
        return self.outcome in ("done", "adopted")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read from a host about one service before anything is decided."""

    engine: EngineFacts
    gateway: GatewayFacts | None
    markers: frozenset[Colour]
    containers: tuple[Container, ...]
    history: tuple[Record, ...]
    kept_releases: frozenset[str]
    state_format: int
    live_answer: Answer | None
    holder: Holder | None
    unfinished: tuple[str, str] | None
    image: ImageFacts | None
    root: str = "/srv/protostar"

    @property
    def live(self) -> Colour | None:
        return next(iter(self.markers)) if len(self.markers) == 1 else None

    def of(self, colour: Colour | None) -> tuple[Container, ...]:
        return tuple(c for c in self.containers if c.colour is colour)

    def running(self, colour: Colour | None) -> tuple[Container, ...]:
        return tuple(c for c in self.of(colour) if c.running)


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted: this release of this service. `action` is deploy or rollback."""

    name: str
    service: Service
    gateway: Gateway
    release: Release
    action: str = "deploy"


class StepName(StrEnum):
    """The steps of a deploy, in the words that a person reads."""

    CLEAN = "clean idle"
    FETCH = "fetch image"
    HOOKS = "before switch"
    START = "start idle"
    READY = "wait ready"
    SWITCH = "switch"
    VERIFY = "verify"
    BAKE = "bake"
    COMMIT = "commit"
    DRAIN = "drain"
    STOP = "stop old"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Step:
    name: StepName
    what: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps from the facts to the target. No steps: nothing to do."""

    target: Target
    live: Colour | None
    idle: Colour
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()
    fallback: bool = True
    prune: tuple[str, ...] = ()
    pull: bool = False
    image: ImageFacts | None = None

    def has(self, name: StepName) -> bool:
        return any(step.name is name for step in self.steps)
