"""Images through the tunnel, from a real registry that the host's engine does not know of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bench.engine import docker
from bench.registry import RegistryContainer

from .checks import nobody_noticed
from .town import Served, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Build
    from .town import Town

pytestmark = pytest.mark.e2e

LAYER_BYTES = 1_000_000
REPOSITORY = "protostar-example/app"


@pytest.fixture
def registry() -> Iterator[RegistryContainer]:
    with RegistryContainer() as registry:
        for version in ("v1", "v2"):
            local = f"{REPOSITORY}:{version}"
            registry.publish(local, REPOSITORY, version, layer_bytes=LAYER_BYTES)
        yield registry


@pytest.fixture
def town(build: Build, registry: RegistryContainer) -> Town:
    town = build()
    town.at.top["registry"] = {"address": registry.address, "reach": "tunnel"}
    town.at.write()
    return town


def moved_mb(out: str) -> float:
    """What the front has counted, as the last note of the fetch step says."""
    return float(re.findall(r"([\d.]+) of [\d.]+ MB, ", out)[-1])


def names_with_a_port() -> set[str]:
    listed = docker("image", "ls", "--digests", "--format", "{{.Repository}}", "--all").split()
    return {name for name in listed if name.startswith("127.0.0.1:") and REPOSITORY in name}


def test_only_the_layer_that_differs_moves_and_nobody_notices(
    town: Town, registry: RegistryContainer
) -> None:
    before = names_with_a_port()
    first = town.deployed("v1")
    assert "v1: pull through the tunnel" in first.out
    with town.load() as load:
        second = town.deployed("v2")
        nobody_noticed(town, load.stop())
    assert town.served() == Served("green", "2")
    assert 1.0 <= moved_mb(second.out) <= 1.5
    assert names_with_a_port() == before


def test_what_the_host_has_under_a_releases_name_is_not_pulled_again(
    town: Town, registry: RegistryContainer
) -> None:
    town.deployed("v1")
    town.deployed("v2")
    town.at.set_environment(town.name, ANOTHER="1")  # another release of the same image
    again = town.deployed("v1")
    assert "v1: is here" in again.out
    assert town.served() == Served("blue", "1")


def test_a_rollback_needs_no_registry(town: Town, registry: RegistryContainer) -> None:
    town.deployed("v1")
    town.deployed("v2")
    registry.stop()
    back = town.do("rollback")
    assert back.code == 0, (back.out, back.err)
    assert town.served() == Served("blue", "1")
    refused = town.run("v1")
    assert refused.code == 4
    assert f"the registry {registry.address} does not answer" in said(refused).error


def test_a_tag_that_does_not_exist_is_said_before_anything_is_done(
    town: Town, registry: RegistryContainer
) -> None:
    town.deployed("v1")
    before = town.snapshot()
    refused = town.run("v9")
    assert refused.code == 4
    assert said(refused).error == f"the image {registry.address}/{REPOSITORY}:v9 does not exist"
    assert town.snapshot() == before
