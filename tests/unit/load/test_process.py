"""The generator as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, TypeVar

import pytest

from bench.load import LoadError, LoadProcess, Options, Result, read_report
from bench.load.process import CHECKOUT

from .servers import good, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


def beside_a_server(work: Callable[[str], T]) -> T:
    """Run `work(url)` in a thread while a server answers."""

    async def both() -> T:
        async with serving(good) as server:
            return await asyncio.to_thread(work, server.url)

    return asyncio.run(both())


def test_a_run_goes_on_until_it_is_stopped_and_reports_every_request(tmp_path: Path) -> None:
    def work(url: str) -> Result:
        with LoadProcess(Options(url, rate=50, seconds=600), tmp_path) as load:
            time.sleep(0.6)
            return load.stop()

    result = beside_a_server(work)
    assert 20 < result.report.requests < 120
    assert result.report.failed == 0
    assert len(result.events) == result.report.requests
    assert {e.colour for e in result.events} == {"blue"}


def test_a_run_that_is_waited_for_ends_by_itself(tmp_path: Path) -> None:
    def work(url: str) -> Result:
        with LoadProcess(Options(url, rate=50, seconds=0.4), tmp_path) as load:
            return load.wait()

    assert beside_a_server(work).report.requests == 20


def test_events_can_be_read_while_the_run_goes_on(tmp_path: Path) -> None:
    def work(url: str) -> str:
        with LoadProcess(Options(url, rate=50, seconds=600), tmp_path) as load:
            time.sleep(0.5)
            return load.events_file.read_text()

    lines = beside_a_server(work).splitlines()
    assert len(lines) > 5
    assert all(line.endswith("}") for line in lines)


def test_leaving_the_block_ends_the_process(tmp_path: Path) -> None:
    def work(url: str) -> int:
        with LoadProcess(Options(url, seconds=600), tmp_path) as load:
            return load.pid

    pid = beside_a_server(work)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_run_that_cannot_start_says_why(tmp_path: Path) -> None:
    # A folder stands where the events are to be written.
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(LoadError, match="IsADirectoryError"):
        LoadProcess(Options("http://127.0.0.1:1"), tmp_path).start()


def test_a_run_that_was_killed_has_no_result(tmp_path: Path) -> None:
    def work(url: str) -> None:
        with LoadProcess(Options(url, seconds=600), tmp_path) as load:
            os.kill(load.pid, signal.SIGKILL)
            load.stop()

    with pytest.raises(LoadError, match="-9"):
        beside_a_server(work)


def test_a_run_that_was_never_started_cannot_be_stopped(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="never started"):
        LoadProcess(Options("http://127.0.0.1:1"), tmp_path).stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "report.json"

    def work(url: str) -> tuple[int, str]:
        argv = ["--url", url, "--until-stopped", "--json", str(file), "--rate", "50"]
        command = [sys.executable, "-m", "bench.load", *argv]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
            started = process.stdout.readline() if process.stdout else ""
            time.sleep(0.3)
            process.send_signal(number)
            said, _ = process.communicate(timeout=10)
            return process.returncode, started + said

    code, said = beside_a_server(work)
    assert code == 0
    assert f"requests  {read_report(file).requests} " in said
