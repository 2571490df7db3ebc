"""What the benches share: an installation that goes away again, and commands that are watched."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from bench.installation import Installation
from bench.load import LoadProcess
from bench.output import BenchError
from bench.watching import Watched, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.load import Options


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
class Ran(Watched):
    """A command of the deployer that ended, and what the host recorded of it."""

    record: dict[str, Any]


def run(place: Installation, name: str, *command: str, expect: int = 0) -> Ran:
    """`protostar deploy COMMAND`, to its end. Raises `BenchError` when it ends otherwise."""
    verb, *rest = command
    done = watched(place.argv(verb, name, *rest), expect=expect)
    record = last_record(place, name)
    return Ran(done.code, done.said, done.began_s, done.ended_s, done.peaks, record)


def last_record(place: Installation, name: str) -> dict[str, Any]:
    """What the last command came to; the host's later line about the old colour is left out."""
    records = [r for r in place.history(name) if r["outcome"] != "finished"]
    return records[-1]
