"""What was read from a machine, and what is found about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.deploy.doctor.ports import Listening

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    level: str
    what: str
    mend: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    path: str
    free_bytes: int
    size_bytes: int

    @property
    def free_percent(self) -> float:
        return 100 * self.free_bytes / self.size_bytes if self.size_bytes else 0.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """A container with our labels. `running` counts restarting as not."""

    name: str
    service: str
    colour: str
    root: str
    running: bool
    one_off: bool = False


@dataclass(frozen=True, slots=True)
class EngineRead:
    """What the engine tells about itself. `published`: port → container, not on loopback."""

    version: str
    compose: str
    log_driver: str
    live_restore: bool
    containers: tuple[Labelled, ...] = ()
    published: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceState:
    """Of one service on the machine: what its files say. `held`: somebody deploys it now."""

    live: frozenset[str]
    held: bool
    keep_warm: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """One host as it is, and what protostar.yml plans for it."""

    name: str
    root: str
    user: str
    missing_tools: tuple[str, ...]
    engine: EngineRead | None
    engine_said: str
    disks: tuple[Disk, ...]
    skew_s: float
    round_trip_s: float
    nginx: Mapping[str, str]
    listening: frozenset[Listening]
    planned_ports: frozenset[int]
    services: Mapping[str, ServiceState]
    incoming: tuple[str, ...]
    daemon_json: str
    dockerd: str
    logind: str
