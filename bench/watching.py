"""A command run to its end, and the memory and files that it took meanwhile."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from bench.engine import CHECKOUT, COMMAND_S
from bench.every import Every
from bench.output import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SAMPLE_S = 0.1
MB = 1e6


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest that was seen; megabytes are 10^6 bytes.

    `deployer_mb`: the deploy command's own process and its guard. `all_mb`: with every command
    that they ran at that moment (the engine's clients, above all), shared pages counted twice.
    `files`: open in the deploy command's process.
    """

    deployer_mb: float = 0
    all_mb: float = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Watched:
    """A command that ended, by the clock of the load (epoch seconds)."""

    code: int
    said: str
    began_s: float
    ended_s: float
    peaks: Peaks

    @property
    def seconds(self) -> float:
        return self.ended_s - self.began_s


def watched(
    argv: Sequence[str], env: Mapping[str, str] | None = None, *, expect: int = 0
) -> Watched:
    """A command to its end, watched. Raises `BenchError` when it ends otherwise."""
    began_s = time.time()
    with subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
        cwd=CHECKOUT,
    ) as process:
        with _Watch(process.pid) as watch, _ended(process):
            said, _ = process.communicate(timeout=COMMAND_S)
        ended_s = time.time()
    if process.returncode != expect:
        raise BenchError(f"{' '.join(argv)} ended with {process.returncode}:\n{said}")
    return Watched(process.returncode, said, began_s, ended_s, watch.seen)


def lines_until(process: subprocess.Popen[str], start: str) -> list[str]:
    """What it has said until a line begins with `start`. Raises `BenchError` when none does."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        if line.startswith(start):
            return lines
    raise BenchError(f"`{start}` never came:\n" + "\n".join(lines))


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """However the block ends, the process has ended too: its guard then settles what stands."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


class _Watch:
    """Looks at a process and what it started, again and again.

    The kernel's word at the end of a child, `wait4`, does not serve: it counts the memory that the
    child had before its exec, which is this process's, and the largest command that it ran.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._every = Every(SAMPLE_S, self._look)
        self.seen = Peaks()

    def __enter__(self) -> Self:
        self._every.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._every.__exit__()

    def _look(self) -> None:
        try:
            family = [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        own = sum(_peak_mb(p.pid) for p in family if p is self._root or _is_guard(p))
        everything = sum(_rss_mb(p) for p in family)
        self.seen = Peaks(
            max(self.seen.deployer_mb, own),
            max(self.seen.all_mb, everything),
            max(self.seen.files, _open_files(self._root)),
        )


def _is_guard(process: psutil.Process) -> bool:
    try:
        return any("/guard/guard-" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _open_files(process: psutil.Process) -> int:
    try:
        return int(process.num_fds())
    except psutil.Error:
        return 0


def _rss_mb(process: psutil.Process) -> float:
    try:
        rss_bytes: int = process.memory_info().rss
    except psutil.Error:
        return 0.0
    return rss_bytes / MB


def _peak_mb(pid: int) -> float:
    """VmHWM: the kernel's own peak of this program, so that no moment between samples is missed."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    kib = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(kib[0]) * 1024 / MB if kib else 0.0
