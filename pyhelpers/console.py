"""What a person sees. Nothing else in the package prints.

On a terminal, a live view; elsewhere, plain lines, a step each; with `--json`, nothing until the
one object at the end. Notes and steps go to stderr under `--json`, results to stdout.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.status import Status

    from pyhelpers.errors import ProtostarError

NAME_WIDTH = 14


class StepShown(Protocol):
    """A step as it is shown: its name and what it will do."""

    @property
    def name(self) -> str: ...

    @property
    def what(self) -> str: ...


def say(text: str = "") -> None:
    print(text, flush=True)  # noqa: T201 - the one place that prints


def warn(text: str) -> None:
    print(f"Warning: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints


def note(text: str) -> None:
    """On stderr: not the result."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints


def announce(headline: str, warnings: Sequence[str]) -> None:
    say(headline)
    for warning in warnings:
        warn(warning)


def as_json(value: object) -> None:
    say(json.dumps(value, indent=2, ensure_ascii=False))


def fail(problem: ProtostarError, *, json_wanted: bool) -> None:
    """The three lines for a person on stderr, or the same as one object on stdout."""
    if json_wanted:
        as_json(problem.as_dict())
    else:
        print(problem, file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table that reads the same on a terminal and in a log."""
    texts = [[str(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(headings))]
    for row in texts:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class PlainSteps:
    """One line when a step begins and one when it ended, for logs and pipes."""

    interval_s = 5.0  # a log keeps each line

    def __init__(self, say: Callable[[str], None] = say) -> None:
        self._say = say
        self._last_note = ""

    def announce(self, headline: str, warnings: Sequence[str]) -> None:
        self._say(headline)
        for warning in warnings:
            warn(warning)

    def begin(self, step: StepShown) -> None:
        self._say(f"→ {step.name:<{NAME_WIDTH}} {step.what}")

    def note(self, text: str) -> None:
        if text != self._last_note:
            self._say(f"  {'':<{NAME_WIDTH}} {text}")
        self._last_note = text

    def end(self, step: StepShown, seconds: float) -> None:
        self._say(f"✓ {step.name:<{NAME_WIDTH}} {seconds:.2f} s")

    def fail(self, step: StepShown, seconds: float) -> None:
        self._say(f"✗ {step.name:<{NAME_WIDTH}} {seconds:.2f} s")

    def close(self) -> None:
        """Nothing is held."""


class LiveSteps:
    """A spinner with the step's name, its latest note and its seconds; then a line for good."""

    interval_s = 0.5

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - 50 ms that plain runs must not pay

        self._console = Console(highlight=False)
        self._status: Status | None = None
        self._what = ""
        self._began = 0.0

    def announce(self, headline: str, warnings: Sequence[str]) -> None:
        announce(headline, warnings)

    def begin(self, step: StepShown) -> None:
        self.close()
        self._what = f"[bold]{step.name:<{NAME_WIDTH}}[/] {_plain(step.what)}"
        self._began = time.monotonic()
        self._status = self._console.status(self._what, spinner="dots")
        self._status.start()

    def note(self, text: str) -> None:
        if self._status is not None:
            self._status.update(f"{self._what} [dim]· {_plain(text)}[/]")

    def end(self, step: StepShown, seconds: float) -> None:
        self._keep("[green]✓[/]", step, seconds)

    def fail(self, step: StepShown, seconds: float) -> None:
        self._keep("[red]✗[/]", step, seconds)

    def _keep(self, sign: str, step: StepShown, seconds: float) -> None:
        self.close()
        name = f"[bold]{step.name:<{NAME_WIDTH}}[/]"
        self._console.print(f"{sign} {name} {seconds:6.2f} s  [dim]{_plain(step.what)}[/]")

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


class QuietSteps:
    """For `--json`: everything is said at the end, in the object."""

    interval_s = float("inf")

    def announce(self, headline: str, warnings: Sequence[str]) -> None:
        """Said at the end, in the object."""

    def begin(self, step: StepShown) -> None:
        """Said at the end, in the object."""

    def note(self, text: str) -> None:
        """Said at the end, in the object."""

    def end(self, step: StepShown, seconds: float) -> None:
        """Said at the end, in the object."""

    def fail(self, step: StepShown, seconds: float) -> None:
        """Said at the end, in the object."""

    def close(self) -> None:
        """Nothing is held."""


def steps_view(
    *, json_wanted: bool, steps_too: bool = False
) -> PlainSteps | LiveSteps | QuietSteps:
    """`steps_too`: with `--json`, the plain lines on stderr."""
    if json_wanted:
        return PlainSteps(note) if steps_too else QuietSteps()
    return LiveSteps() if sys.stdout.isatty() else PlainSteps()


def _plain(text: str) -> str:
    """Square brackets of a log line are not markup."""
    from rich.markup import escape  # noqa: PLC0415 - 50 ms that plain runs must not pay

    return escape(text)
