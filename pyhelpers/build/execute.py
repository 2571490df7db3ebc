"""A plan → an image, its digest handed on."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pyhelpers import interrupts
from pyhelpers.build import commands
from pyhelpers.build.cache_folder import keep
from pyhelpers.build.model import Built
from pyhelpers.build.progress import Progress
from pyhelpers.errors import FailedBeforeSwitch, Interrupted, Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.steps import timed

if TYPE_CHECKING:
    from pyhelpers.build.model import Command, Plan
    from pyhelpers.build.process import Ended, Runs
    from pyhelpers.steps import Notes


PRUNE_S = 300.0
LAST_LINES = 5


class Execution:
    """One build. `limit_mb`: of the cache folder."""

    def __init__(
        self,
        run: Runs,
        view: Notes[Command],
        *,
        deadline_s: float,
        limit_mb: int,
        verbose: bool = False,
    ) -> None:
        self._run, self._view = run, view
        self._deadline_s, self._limit_mb = deadline_s, limit_mb
        self._progress = Progress(verbose=verbose)
        self._warnings: list[str] = []

    def execute(self, plan: Plan) -> Built:
        """Raises `FailedBeforeSwitch`, `DeadlinePassed` or `Interrupted`; again goes on."""
        seconds: dict[str, float] = {}
        digest = ""
        with interrupts.raised():
            for step in plan.steps:
                with timed(self._view, step, seconds, time.monotonic):
                    digest = self._do(plan, step) or digest
            interrupts.pass_over()
        warnings = (*plan.warnings, *self._progress.warnings, *self._warnings)
        return Built(plan, digest, f"{plan.digest_prefix}{digest}", seconds, warnings)

    def _do(self, plan: Plan, step: Command) -> str:
        if step.name == "build":
            return self._build(plan, step)
        if step.argv:
            self._prune(step)
        elif plan.cache_folder is not None:
            self._view.note(keep(plan.cache_folder, self._limit_mb))
        return ""

    def _build(self, plan: Plan, step: Command) -> str:
        """The digest: of the manifest that was pushed, else the id that the engine gave it."""
        with tempfile.TemporaryDirectory(prefix="protostar-build-") as folder:
            file = Path(folder) / "metadata.json"
            argv = commands.reporting(step.argv, PurePosixPath(file))
            ended = self._watched(argv)
            if not ended.ok:
                raise self._failed(plan)
            return self._digest(plan, json.loads(file.read_text(encoding="utf-8")))

    def _watched(self, argv: tuple[str, ...]) -> Ended:
        try:
            return self._run(argv, deadline_s=self._deadline_s, on_line=self._hear)
        except Interrupted as wrong:
            wrong.state = self._state()
            raise
        except DeadlinePassed:
            words = f"the build did not end within {self._deadline_s:g} s"
            raise FailedBeforeSwitch(
                error=words, state=self._state(), try_="a larger --timeout-s"
            ) from None

    def _hear(self, line: str) -> None:
        for text in self._progress.hear(line):
            self._view.note(text)

    def _failed(self, plan: Plan) -> FailedBeforeSwitch:
        again = f"protostar build {plan.service} … --verbose"
        return FailedBeforeSwitch(
            error=self._progress.problem, state=self._state(), try_=f"mend it, then {again}"
        )

    def _state(self) -> str:
        perhaps = "the registry may have a part of it" if self._progress.pushing else ""
        return "; ".join(filter(None, (perhaps, "nothing was handed on, nothing was deployed")))

    def _digest(self, plan: Plan, told: dict[str, str]) -> str:
        if plan.pushes:
            return told["containerimage.digest"]
        asked = self._run(commands.image_id(plan.references[0]), deadline_s=PRUNE_S)
        if not asked.ok:
            raise Unreachable(error=f"the engine does not show {plan.references[0]}")
        return asked.out.strip()

    def _prune(self, step: Command) -> None:
        """A cache that could not be pruned is no reason to fail: the image is there."""
        ended = self._run(step.argv, deadline_s=PRUNE_S)
        lines = ended.out.strip().splitlines()
        if lines:
            self._view.note(lines[-1])
        if not ended.ok:
            self._warnings.append(f"{step.what} was not pruned: {' '.join(lines[-LAST_LINES:])}")
