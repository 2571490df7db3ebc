"""A host that answers by what is in the command line, and remembers what it was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from pyhelpers.backup.site import Site
from pyhelpers.config.backups import HostBackup, Keep
from pyhelpers.hosts.protocol import Finished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.hosts.protocol import Host
    from pyhelpers.steps import Named


ROOT = PurePosixPath("/srv/protostar")


@dataclass
class AnsweringHost:
    """The first answer whose words are all in the command counts; the rest ends well, silently."""

    name: str = "a5"
    root: PurePosixPath = ROOT
    answers: list[tuple[tuple[str, ...], int, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def run(self, argv: Sequence[str], **_how: Any) -> Finished:
        line = " ".join(argv)
        self.asked.append(line)
        for words, status, text in self.answers:
            if all(word in line for word in words):
                out, err = ("", text) if status else (text, "")
                return Finished(tuple(argv), status, out, err)
        return Finished(tuple(argv), 0, "", "")

    def answer(self, *words: str, status: int = 0, text: str = "") -> None:
        """Comes before all that were given earlier."""
        self.answers.insert(0, (words, status, text))

    def was_asked(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self.asked)


class StoppedClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class Told:
    """What a person would see."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.failed: list[str] = []

    def begin(self, step: Named) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)

    def end(self, step: Named, seconds: float) -> None: ...

    def fail(self, step: Named, seconds: float) -> None:
        self.failed.append(step.name)


def inspected(service: str, *, running: bool = True, **mounts: str) -> dict[str, Any]:
    """As `docker inspect` tells of one of the stack's; `data="/data"` is a volume and its place."""
    return {
        "Id": f"id-{service}",
        "Name": f"/protostar-a5-{service}-1",
        "Config": {
            "Image": f"{service}:1",
            "User": "999:999",
            "Env": ["PGDATA=/var/lib/postgresql/18/docker"],
            "Labels": {"com.docker.compose.service": service},
        },
        "State": {"Status": "running" if running else "exited"},
        "Mounts": [{"Name": name, "Destination": at} for name, at in mounts.items()],
    }


def site_of(host: AnsweringHost) -> Site:
    """A database with a dump, and a queue."""
    found = [
        inspected("backup"),
        inspected("postgres", pg="/var/lib/postgresql"),
        inspected("queue", queue="/data"),
    ]
    host.answer("com.docker.compose.project=", text=json.dumps(found))
    kept = HostBackup(postgres="postgres", databases=["protostar"], redis=["queue"])
    site = Site(cast("Host", host), "protostar-a5", kept, Keep(), StoppedClock(), Told())
    site.look()
    return site
