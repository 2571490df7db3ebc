"""What the versions do, what the environment says, and what changes while the process lives."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.web import WebSocketResponse


@dataclass(frozen=True)
class Behaviour:
    """What makes one version different from the others."""

    title: str
    paint: str
    gets_ready: bool = True
    good_answers: int | None = None  # None: it answers well for ever


BEHAVIOUR = {
    "1": Behaviour("Nebula", "#3b6fd4"),
    "2": Behaviour("Ignition", "#e0803a"),
    "3": Behaviour("Cold core", "#7a7a7a", gets_ready=False),
    "4": Behaviour("Collapse", "#b3263a", good_answers=20),
}
OTHER_VERSIONS = Behaviour("Main sequence", "#3fa35b")


@dataclass(frozen=True)
class Settings:
    """What the environment says. Durations in seconds, paths absolute."""

    host: str
    port: int
    release: str
    colour: str
    version: str
    ready_after_s: float
    shutdown_s: float
    store: Path

    @property
    def behaviour(self) -> Behaviour:
        return BEHAVIOUR.get(self.version, OTHER_VERSIONS)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        return cls(
            host=env.get("HOST", "127.0.0.1"),
            port=int(env.get("PORT", "3000")),
            release=env.get("PROTOSTAR_RELEASE", "unreleased"),
            colour=env.get("PROTOSTAR_COLOUR", "none"),
            version=env.get("APP_VERSION", "1"),
            ready_after_s=float(env.get("READY_AFTER_S", "1.0")),
            shutdown_s=float(env.get("SHUTDOWN_S", "10")),
            store=Path(env.get("STORE", "/data/orders.log")),
        )


def process_started_s() -> float:
    """When the kernel started this process, on the clock that counts since boot.

    proc(5): field 22 of stat, in ticks. The name in brackets may hold spaces.
    """
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


@dataclass
class State:
    """What changes while the process lives."""

    settings: Settings
    started_s: float = field(default_factory=process_started_s)
    answered: int = 0
    in_flight: int = 0
    stopping: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: set[WebSocketResponse] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.idle.set()

    def begin(self) -> None:
        self.in_flight += 1
        self.idle.clear()

    def end(self) -> None:
        self.in_flight -= 1
        if self.in_flight == 0:
            self.idle.set()

    def not_ready_because(self) -> str | None:
        if not self.settings.behaviour.gets_ready:
            return "this version never gets ready"
        up_s = time.clock_gettime(time.CLOCK_BOOTTIME) - self.started_s
        if up_s < self.settings.ready_after_s:
            return f"warming up for {self.settings.ready_after_s} s"
        return None

    def has_collapsed(self) -> bool:
        limit = self.settings.behaviour.good_answers
        return limit is not None and self.answered >= limit
