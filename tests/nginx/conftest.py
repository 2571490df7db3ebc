"""Three servers' nginx for all tests of this folder, and proof that nothing is left of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.engine import build_example, docker

from .client import Client
from .files import GRAFANA, OPS, SHOP
from .installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    build_example("app", "1")
    installation = Installation(tmp_path_factory.mktemp("paths") / "servers")
    try:
        installation.start()
        yield installation
    finally:
        installation.remove()
    left = ["--filter", f"name={installation.tag}"]
    assert docker("ps", "-aq", *left) + docker("network", "ls", "-q", *left) == ""


@pytest.fixture(scope="session")
def shop(at: Installation) -> Client:
    """Path A: a user."""
    return Client(at.gateway, SHOP, at.certificates / SHOP)


@pytest.fixture(scope="session")
def grafana(at: Installation) -> Client:
    """Path B: an admin, through the proxy."""
    return Client(at.proxy, GRAFANA, at.certificates / OPS)
