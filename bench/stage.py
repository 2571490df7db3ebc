"""What the benches share: an installation that goes away again, and commands that are watched."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

from bench.engine import CHECKOUT, COMMAND_S
from bench.installation import Installation
from bench.load import LoadProcess
from bench.output import BenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.load import Options

SAMPLE_S = 0.1
MB = 1e6


@contextmanager
def installation(
    environment: dict[str, str] | None = None, **settings: Any
) -> Iterator[tuple[Installation, str]]:
    """A gateway with one service, and the service's name. Nothing of it is left behind."""
    with tempfile.TemporaryDirectory(prefix="protostar-bench-") as folder:
        place = Installation(Path(folder) / "here")
        try:
            name = place.add("api", environment=environment, route="/", **settings)
            place.start_gateway()
            yield place, name
        finally:
            place.remove()


@contextmanager
def under_load(options: Options) -> Iterator[LoadProcess]:
    """The generator beside it. `stop()` it within the block to get its result."""
    with (
        tempfile.TemporaryDirectory(prefix="protostar-load-") as folder,
        LoadProcess(options, Path(folder)) as load,
    ):
        yield load


def still_loading(load: LoadProcess) -> None:
    """Raises what the generator said when it has ended before it was told to."""
    if psutil.Process(load.pid).status() == psutil.STATUS_ZOMBIE:
        load.stop()
        raise BenchError("the load ended by itself")


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes (10^6 bytes), the highest that was seen.

    `deployer_mb`: the deploy command's own process and its guard. `all_mb`: with every command
    that they ran at that moment (the engine's clients, above all), shared pages counted twice.
    """

    deployer_mb: float
    all_mb: float


@dataclass(frozen=True, slots=True)
class Ran:
    """A command of the deployer that ended, by the clock of the load (epoch seconds)."""

    code: int
    began_s: float
    ended_s: float
    record: dict[str, Any]
    memory: Memory

    @property
    def seconds(self) -> float:
        return self.ended_s - self.began_s


def run(place: Installation, name: str, *command: str, expect: int = 0) -> Ran:
    """`protostar deploy COMMAND`, to its end. Raises `BenchError` when it ends otherwise."""
    verb, *rest = command
    began_s = time.time()
    with subprocess.Popen(
        place.argv(verb, name, *rest),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
    ) as process:
        with _MemoryWatch(process.pid) as memory, _ended(process):
            said, _ = process.communicate(timeout=COMMAND_S)
        ended_s = time.time()
    if process.returncode != expect:
        raise BenchError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    return Ran(process.returncode, began_s, ended_s, last_record(place, name), memory.seen)


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """However the block ends, the process has ended too: its guard then settles what stands."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


def last_record(place: Installation, name: str) -> dict[str, Any]:
    """What the last command came to; the host's later line about the old colour is left out."""
    records = [r for r in place.history(name) if r["outcome"] != "finished"]
    return records[-1]


class _MemoryWatch:
    """Looks at a process and what it started, again and again.

    The kernel's word at the end of a child, `wait4`, does not serve: it counts the memory that the
    child had before its exec, which is this process's, and the largest command that it ran.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._every = Every(SAMPLE_S, self._look)
        self.seen = Memory(0, 0)

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
        self.seen = Memory(max(self.seen.deployer_mb, own), max(self.seen.all_mb, everything))


def _is_guard(process: psutil.Process) -> bool:
    try:
        return any("/guard/guard-" in word for word in process.cmdline())
    except psutil.Error:
        return False


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


class Every:
    """`with Every(1.0, act):` does `act` in a thread, again and again. What it raises comes out."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds, self._act = seconds, act
        self._over = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _repeat(self) -> None:
        try:
            while not self._over.wait(self._seconds):
                self._act()
        except BaseException as problem:  # noqa: BLE001 - it is raised where it can be seen
            self._problem = problem
