"""One sync under way: what it works on, and what it has come to so far."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyhelpers.errors import NOTHING_CHANGED, FailedBeforeSwitch
from pyhelpers.sync import commands
from pyhelpers.sync.state import config_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from pyhelpers.clock import Clock
    from pyhelpers.hosts.lock import Held
    from pyhelpers.hosts.protocol import Finished, Host
    from pyhelpers.steps import Notes
    from pyhelpers.sync.model import Found, Plan, Step, Target


class StepFailed(FailedBeforeSwitch):
    """A step did not come to its end; whoever hears it knows what stands."""

    default_state = NOTHING_CHANGED


@dataclass(slots=True)
class Run:
    """`flipped`: from here on a failure has to be put back."""

    host: Host
    plan: Plan
    found: Found
    who: str
    show: Notes[Step]
    clock: Clock
    lock: Held
    keep: int
    model: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    flipped: bool = False

    @property
    def target(self) -> Target:
        return self.plan.target

    @property
    def config(self) -> PurePosixPath:
        return config_of(self.host)

    def compose(self, *arguments: str, release: str = "current") -> list[str]:
        return commands.compose(self.config, release, self.target.project, *arguments)

    def must(self, argv: Sequence[str], deadline_s: float, what: str) -> Finished:
        """Run something that changes the host. Raises `StepFailed` with what it said."""
        guarded = commands.working(self.host.root, argv, deadline_s)
        done = self.host.run(guarded, deadline_s=deadline_s + 10)
        if not done.ok:
            said = done.err.strip() or done.out.strip() or f"status {done.status}"
            told = self.target.masked(f"{self.host.name}: {what}: {said}")
            raise StepFailed(error=told)
        return done


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
