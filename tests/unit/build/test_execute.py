"""A plan is done, and what came of it is told: well, badly, in part."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.build.execute import Execution
from pyhelpers.build.plan import plan_of
from pyhelpers.build.process import Ended
from pyhelpers.errors import FailedBeforeSwitch, Interrupted
from pyhelpers.hosts.deadline import DeadlinePassed

from .builders import ENGINES, config, source, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.build.model import Built, Command, Plan

DIGEST = "sha256:" + "5f" * 32
PUSHING = '{"vertexes":[{"digest":"d","name":"pushing r/shop/api:v2"}]}'


@dataclass
class Buildx:
    """Writes the digest down as buildx does, unless it is told to fail or to break off."""

    status: int = 0
    says: str = ""
    breaks: Exception | None = None
    prunes: Ended = field(default_factory=lambda: Ended(0, "Total: 0B\n"))

    def __call__(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        on_line: Callable[[str], None] = lambda _line: None,
    ) -> Ended:
        if argv[1:3] == ("image", "inspect"):
            return Ended(0, "sha256:1d\n")
        if "--metadata-file" not in argv:
            return self.prunes
        on_line(self.says)
        if self.breaks is not None:
            raise self.breaks
        if self.status == 0:
            file = Path(argv[argv.index("--metadata-file") + 1])
            file.write_text(json.dumps({"containerimage.digest": DIGEST}))
        return Ended(self.status, self.says)


@dataclass
class View:
    said: list[str] = field(default_factory=list)

    def begin(self, step: Command) -> None:
        self.said.append(f"→ {step.name}")

    def note(self, text: str) -> None:
        self.said.append(text)

    def end(self, step: Command, seconds: float) -> None:
        self.said.append(f"✓ {step.name}")

    def fail(self, step: Command, seconds: float) -> None:
        self.said.append(f"✗ {step.name}")


def plan(**changes: Any) -> Plan:
    return plan_of(config(), wanted(**changes), source(), ENGINES)


def executed(buildx: Buildx, view: View | None = None, **changes: Any) -> Built:
    execution = Execution(buildx, view or View(), deadline_s=5, limit_mb=1)
    return execution.execute(plan(**changes))


def test_what_was_pushed_is_told_with_its_version_and_digest() -> None:
    view = View()
    built = executed(Buildx(), view)
    assert (built.digest, built.version) == (DIGEST, f"v2@{DIGEST}")
    assert view.said == ["→ build", "✓ build", "→ prune", "Total: 0B", "✓ prune"]


def test_what_stays_in_the_engine_is_told_by_its_id() -> None:
    assert executed(Buildx(), push=False).version == "sha256:1d"


def test_a_failure_prunes_nothing_and_says_what_stands() -> None:
    view = View()
    with pytest.raises(FailedBeforeSwitch) as failed:
        executed(Buildx(1, "ERROR: failed to build: no such stage"), view)
    assert failed.value.error == "no such stage"
    assert failed.value.state == "nothing was handed on, nothing was deployed"
    assert view.said[-1] == "✗ build"


def test_a_failed_push_says_that_the_registry_may_have_a_part() -> None:
    with pytest.raises(FailedBeforeSwitch) as failed:
        executed(Buildx(1, PUSHING))
    assert failed.value.state.startswith("the registry may have a part of it")


def test_an_interruption_says_what_stands() -> None:
    with pytest.raises(Interrupted) as ended:
        executed(Buildx(says=PUSHING, breaks=Interrupted(error="interrupted by SIGTERM")))
    assert ended.value.state.startswith("the registry may have a part of it")


def test_a_build_that_takes_too_long_says_which_option() -> None:
    with pytest.raises(FailedBeforeSwitch) as failed:
        executed(Buildx(breaks=DeadlinePassed(["docker"], 5)))
    assert (failed.value.error, failed.value.try_) == (
        "the build did not end within 5 s",
        "a larger --timeout-s",
    )


def test_a_cache_that_cannot_be_pruned_fails_no_build() -> None:
    built = executed(Buildx(prunes=Ended(1, "no space\n")))
    assert built.digest == DIGEST
    assert built.warnings == ("our images of api here, beyond 5 was not pruned: no space",)
