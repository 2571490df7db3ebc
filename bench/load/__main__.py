"""`python -m bench.load`: run, say what came of it, write the files."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from .events import Event, to_line
from .options import Options, Outputs, parse
from .report import Report, write_report
from .run import Load, OnEvent

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> int:
    options, outputs = parse(sys.argv[1:])
    _allow_many_files()
    report = asyncio.run(_run(options, outputs))
    if outputs.report is not None:
        write_report(report, outputs.report)
    print("\n".join(_lines(report)))
    return 0


async def _run(options: Options, outputs: Outputs) -> Report:
    with ExitStack() as files:
        load = Load(options, _writer(outputs.events, files), lambda: _say_started(options))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, load.stop)
        return await load.run()


def _say_started(options: Options) -> None:
    """Whoever started this process waits for the line. Flushed, for it may be a pipe."""
    print(f"load on {options.url}: {options.rate:g} requests/s", flush=True)


def _writer(path: Path | None, files: ExitStack) -> OnEvent:
    # A line at a time, so that a watcher, or whoever comes after a crash, sees whole lines.
    file = files.enter_context((path or Path(os.devnull)).open("w", encoding="utf-8", buffering=1))

    def write(event: Event) -> None:
        file.write(to_line(event))

    return write


def _allow_many_files() -> None:
    """A stalled server leaves rate x timeout requests open, each with a connection."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _lines(report: Report) -> Iterator[str]:
    ms, cost = report.latency_ms, report.cost
    yield f"requests  {report.requests}  ({report.requests_per_s:g} a second)"
    yield f"failed    {report.failed}  {_pairs(report.failed_by)}"
    yield f"kinds     {_pairs(report.by_kind)}"
    yield f"status    {_pairs(report.by_status)}"
    yield f"colours   {_pairs(report.by_colour)}"
    yield f"latency   p50 {ms.p50:g}  p95 {ms.p95:g}  p99 {ms.p99:g}  max {ms.max:g} ms"
    yield f"generator at most {cost.max_lag_s:g} s late, {cost.cpu_percent:g} % of a core"
    if report.held:
        cut = sum(one.cut_s is not None for one in report.held)
        yield f"held      {len(report.held)}, {cut} of them cut"


def _pairs(counts: dict[str, int]) -> str:
    return "  ".join(f"{name} {count}" for name, count in counts.items())


if __name__ == "__main__":
    sys.exit(main())
