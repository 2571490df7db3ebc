"""The generator as a process of its own, beside the thing that is measured."""

from __future__ import annotations

import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .events import Event, read_events
from .options import SECONDS_MAX, Options, Outputs, to_argv
from .report import Report, read_report

CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 10.0
# Beyond the longest request: reading the events, writing the report, a busy machine.
END_S = 15.0


class LoadError(Exception):
    """The generator did not start, or ended without a report. The text holds its own words."""


@dataclass(frozen=True)
class Result:
    """A finished run: what it came to, and each request."""

    report: Report
    events: list[Event]


class LoadProcess:
    """`with LoadProcess(options, folder) as load: ...; result = load.stop()`.

    `folder` gets report.json, events.jsonl (grows while the run goes on) and errors.txt.
    Arrivals end after options.seconds at the latest, or with stop(). Leaving the block without
    stop() kills the process: it never outlives its owner's block.
    """

    def __init__(self, options: Options, folder: Path) -> None:
        self._options = options
        folder = folder.resolve()  # The process starts in another folder.
        self.report_file = folder / "report.json"
        self.events_file = folder / "events.jsonl"
        self._errors = folder / "errors.txt"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._started().pid

    def start(self) -> None:
        """Return when requests have begun to leave. Raises LoadError."""
        with self._errors.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.load", *self._argv()],
                cwd=CHECKOUT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        if not _says_something(self._process, START_S):
            self.kill()
            raise LoadError(f"the load did not start: {self._said()}")

    def stop(self) -> Result:
        """Send nothing more, wait for what is in flight, read the result. Raises LoadError."""
        process = self._started()
        if process.poll() is None:
            process.terminate()
        return self.wait(self._options.timeout_s + END_S)

    def wait(self, timeout_s: float = SECONDS_MAX) -> Result:
        """Wait until the run ends by itself. Raises LoadError."""
        process = self._started()
        try:
            process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise LoadError(f"the load did not end within {timeout_s:g} s") from None
        if process.returncode != 0:
            raise LoadError(f"the load ended with {process.returncode}: {self._said()}")
        return Result(read_report(self.report_file), read_events(self.events_file))

    def kill(self) -> None:
        """End the process at once if it still runs. Its report is lost."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise LoadError("the load was never started")
        return self._process

    def _argv(self) -> list[str]:
        return to_argv(self._options, Outputs(self.report_file, self.events_file))

    def _said(self) -> str:
        return self._errors.read_text(encoding="utf-8").strip()[-2000:]


def _says_something(process: subprocess.Popen[str], within_s: float) -> bool:
    """Whether a line comes in time; the end of the output is no line."""
    if process.stdout is None:
        return False
    readable, _, _ = select.select([process.stdout], [], [], within_s)
    return bool(readable and process.stdout.readline())
