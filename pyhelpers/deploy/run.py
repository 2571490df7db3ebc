"""One deploy on its way: what it works with, how far it came, and what a person sees of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pyhelpers.deploy.images.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyhelpers.clock import Clock
    from pyhelpers.deploy.gateway import Gateway
    from pyhelpers.deploy.guard import Guard
    from pyhelpers.deploy.model import Container, Plan, Step
    from pyhelpers.hosts.protocol import Host


class Reporter(Protocol):
    """What a person sees of a run. Progress is worth a note every `interval_s`."""

    @property
    def interval_s(self) -> float: ...
    def announce(self, headline: str, warnings: Sequence[str]) -> None: ...
    def begin(self, step: Step) -> None: ...
    def note(self, text: str) -> None: ...
    def end(self, step: Step, seconds: float) -> None: ...
    def fail(self, step: Step, seconds: float) -> None: ...


@dataclass(slots=True)
class Run:
    """One deploy on its way: what it works with, and how far it came."""

    host: Host
    plan: Plan
    about: dict[str, Any]
    files: Mapping[str, bytes]
    gateway: Gateway
    guard: Guard
    show: Reporter
    detach: bool = False
    clock: Clock = time
    sources: Sources = field(default_factory=Sources)
    seconds: dict[str, float] = field(default_factory=dict)
    restarts_before: Mapping[str, int] = field(default_factory=dict)
    verdict: str = ""
    switch_s: float = 0.0
    switched_at: float = 0.0
    drain_s: float = 0.0
    cut: int | None = 0
    committed: bool = False

    @property
    def switched(self) -> bool:
        return self.switched_at > 0

    @property
    def cut_words(self) -> str:
        """How many were cut, for a person."""
        return "an unknown number" if self.cut is None else str(self.cut)

    def has_restarted(self, container: Container) -> bool:
        """Since this run began; a warm colour may have restarted once in its life before."""
        return container.restarts > self.restarts_before.get(container.id, 0)

    def proof(self) -> dict[str, object]:
        """The record's second half: what was done, and how it went."""
        moved = (
            {"switch_s": self.switch_s, "switched_at": self.switched_at} if self.switched else {}
        )
        return {"steps": self.seconds, "verdict": self.verdict, **moved}


@dataclass(frozen=True, slots=True)
class Result:
    """A run that reached its end: the plan, and how it went. `run` None: nothing to do."""

    plan: Plan
    id: str
    run: Run | None
