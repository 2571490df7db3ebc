"""A checkout, a host in memory, and the two brought together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from pyhelpers.sync import pipeline
from pyhelpers.sync.model import Allowed
from pyhelpers.sync.pipeline import Site
from tests.unit.sync.checkout_double import Checkout
from tests.unit.sync.memory import MemoryHost, Silent, StoppedClock

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.hosts.protocol import Host
    from pyhelpers.sync.model import Plan, Target


@dataclass
class Scene:
    checkout: Checkout
    host: MemoryHost = field(default_factory=MemoryHost)
    show: Silent = field(default_factory=Silent)

    @property
    def site(self) -> Site:
        return Site(
            cast("Host", self.host), "shop-a5", self.checkout.folder, "ann@desk", StoppedClock()
        )

    def apply(self, target: Target | None = None, allowed: Allowed | None = None) -> Plan:
        self.show = Silent()
        wanted = target or self.checkout.target()
        return pipeline.bring(self.site, wanted, allowed or Allowed(), self.show)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def scene(checkout: Checkout) -> Scene:
    return Scene(checkout)


@pytest.fixture
def applied(scene: Scene) -> Scene:
    """The first configuration serves."""
    scene.apply()
    scene.host.done.clear()
    return scene
