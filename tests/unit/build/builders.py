"""Values for tests of builds, and somebody who runs commands by a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pyhelpers.build.model import Builder, Source, Wanted
from pyhelpers.build.process import Ended
from pyhelpers.config.model import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMIT = "3f2a" * 10
REGISTRY = {"address": "registry.lan:5000", "reach": "direct"}
ENGINES = Builder("default", "docker", full=False, buildx=(0, 29, 1))
OURS = Builder("protostar-shop", "docker-container", full=True, buildx=(0, 29, 1))


def config(registry: dict[str, str] | None = REGISTRY) -> Config:
    service = {"host": "a5", "image": "shop/api", "compose": "api.yml", "port": 3000}
    return Config.model_validate(
        {
            "project": "shop",
            "hosts": {"a5": {"local": True}},
            "registry": registry,
            "services": {"api": service},
        }
    )


def wanted(**changes: Any) -> Wanted:
    return Wanted(**{"service": "api", "context": PurePosixPath(), "version": "v2", **changes})


def source(**changes: Any) -> Source:
    told = {"revision": COMMIT, "committed_at": "2026-11-27T03:00:00+09:00", **changes}
    return Source(**told)


@dataclass
class Runner:
    """Answers by how a command begins, the longest beginning first; keeps what was run."""

    answers: dict[str, tuple[int, str]]
    ran: list[str] = field(default_factory=list)

    def __call__(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        on_line: Callable[[str], None] = lambda _line: None,
    ) -> Ended:
        typed = " ".join(argv)
        self.ran.append(typed)
        found = sorted((each for each in self.answers if typed.startswith(each)), key=len)
        assert found, f"nobody said what answers `{typed}`"
        status, out = self.answers[found[-1]]
        for line in out.splitlines():
            on_line(line)
        return Ended(status, out)
