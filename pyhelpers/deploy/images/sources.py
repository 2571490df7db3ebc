"""What the deployer itself reaches: the registry, and the engine of its own machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.deploy.images.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient
    from pyhelpers.config.model import Registry as RegistrySettings

# An engine writes the whole archive to its disk before the first byte comes.
SAVE_S = 600


class OwnEngine:
    """The engine of the machine that the deployer runs on, opened when it is first needed."""

    name = "this machine"

    def __init__(self, base_url: str = "") -> None:
        self._base_url = base_url
        self._docker: DockerClient | None = None

    def docker(self) -> DockerClient:
        if self._docker is None:
            from docker import DockerClient  # noqa: PLC0415 - 0.15 s that --help must not pay

            where = {"DOCKER_HOST": self._base_url} if self._base_url else None
            self._docker = DockerClient.from_env(timeout=SAVE_S, environment=where)
        return self._docker

    def close(self) -> None:
        if self._docker is not None:
            self._docker.close()
            self._docker = None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where images come from. A test has its own."""

    settings: RegistrySettings | None = None
    own_engine: Callable[[], OwnEngine] = OwnEngine
    open_registry: Callable[..., Registry] = Registry

    def registry(self) -> Registry:
        """Raises `ValueError` where protostar.yml names none: nothing of it can be wanted."""
        if self.settings is None:
            raise ValueError("there is no registry")
        return self.open_registry(self.settings.address, plain_http=self.settings.plain_http)
