"""Several machines of the model, one service on all of them: each with its engine and guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyhelpers.config.model import Config, Host
from pyhelpers.deploy.compose_version import ComposeVersion
from pyhelpers.deploy.facts import read_history
from pyhelpers.deploy.site import Site
from tests.model.docker_api import NETWORK
from tests.model.edge import MemoryGateway
from tests.model.host import MemoryHost
from tests.model.world import FOLDER, ROOT, SERVICE, World, configuration

if TYPE_CHECKING:
    from collections.abc import Sequence


def config_for(hosts: Sequence[str], **service: Any) -> Config:
    # No bake: what it follows is a thread of the deployer's own, in real time.
    one = configuration(bake={"for_s": 0}, **service)
    several = {"host": None, "hosts": list(hosts)}
    return one.model_copy(
        update={
            "hosts": {name: Host(local=True, root=ROOT) for name in hosts},
            "services": {SERVICE: one.services[SERVICE].model_copy(update=several)},
        }
    )


class MemoryFleet:
    """`sites()`: as a deployer that has just been started finds them."""

    def __init__(self, *hosts: str, **service: Any) -> None:
        self.config = config_for(hosts, **service)
        self.worlds = {name: World(self.config) for name in hosts}

    def sites(self) -> tuple[Site, ...]:
        return tuple(self._site(name, world) for name, world in self.worlds.items())

    def _site(self, name: str, world: World) -> Site:
        world.settle()
        host = MemoryHost(world.machine, ROOT, world.edge)
        host.name = name
        gateway = MemoryGateway(world.edge, NETWORK)
        service = self.config.services[SERVICE].on(name)
        compose = ComposeVersion(host)
        return Site(self.config, FOLDER, SERVICE, service, host, gateway, compose, host.clock)

    def serves(self) -> dict[str, str]:
        """The version that each host's live colour answers with; "" when nobody does."""
        found = {}
        for name, world in self.worlds.items():
            answer = world.edge.answer(world.edge.live())
            found[name] = self._version(world, answer.release) if answer.ok else ""
        return found

    def _version(self, world: World, release: str) -> str:
        host = MemoryHost(world.machine, ROOT, world.edge)
        labels = {r.release.id: r.release.label for r in read_history(host, SERVICE)}
        return labels[release]
