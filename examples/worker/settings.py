"""What the versions do, and what the environment says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Behaviour:
    """What makes one version different from the others."""

    gets_ready: bool = True
    jobs_succeed: bool = True


BEHAVIOUR = {
    "3": Behaviour(gets_ready=False),
    "4": Behaviour(jobs_succeed=False),
}
OTHER_VERSIONS = Behaviour()


@dataclass(frozen=True)
class Settings:
    """What the environment says. Durations in seconds. `marker` None: jobs are always taken."""

    host: str
    port: int
    redis_url: str
    release: str
    colour: str
    version: str
    work_s: float
    marker: Path | None

    @property
    def behaviour(self) -> Behaviour:
        return BEHAVIOUR.get(self.version, OTHER_VERSIONS)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        marker = env.get("PROTOSTAR_MARKER", "")
        return cls(
            host=env.get("HOST", "127.0.0.1"),
            port=int(env.get("PORT", "8000")),
            redis_url=env.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
            release=env.get("PROTOSTAR_RELEASE", "unreleased"),
            colour=env.get("PROTOSTAR_COLOUR", "none"),
            version=env.get("APP_VERSION", "1"),
            work_s=float(env.get("WORK_S", "0.5")),
            marker=Path(marker) if marker else None,
        )
