"""What is checked before anything is touched, on a machine in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pyhelpers.deploy.compose_version import ComposeVersion
from pyhelpers.deploy.facts import read_history
from pyhelpers.deploy.pipeline import planned
from pyhelpers.deploy.site import earlier_release, wanted_release
from pyhelpers.errors import PreflightError
from tests.unit.deploy.memory_fleet import MemoryFleet
from tests.unit.deploy.test_several import run

if TYPE_CHECKING:
    from pyhelpers.deploy.site import Site


class Told(ComposeVersion):
    """A host whose Compose says this; None: it must not be waited for."""

    def __init__(self, version: str | None) -> None:
        self._version = version

    def told(self) -> str:
        assert self._version is not None, "nobody needs Compose's version"
        return self._version


def site_with(version: str | None, fleet: MemoryFleet) -> Site:
    [site] = fleet.sites()
    return replace(site, compose=Told(version))


@pytest.fixture
def fleet() -> MemoryFleet:
    """v1 and then v2 were deployed; v1 is kept warm."""
    fleet = MemoryFleet("a5", keep_warm=True)
    run(fleet, "v1")
    run(fleet, "v2")
    return fleet


class TestComposeIsAskedWhereAColourIsStarted:
    @pytest.mark.parametrize(
        ("version", "words"),
        [
            ("2.19.1", "the Compose plug-in is 2.19.1; 2.20 is the least"),
            ("", "the Compose plug-in is not there; 2.20 is the least"),
        ],
    )
    def test_too_old_or_missing_it_refuses(
        self, fleet: MemoryFleet, version: str, words: str
    ) -> None:
        site = site_with(version, fleet)
        with pytest.raises(PreflightError) as refused:
            planned(site, wanted_release(site, "v3"))
        assert refused.value.error == words
        assert "upgrade the Compose plug-in" in refused.value.try_

    @pytest.mark.parametrize("version", ["v2.20-desktop.1", "10.0.0"])
    def test_just_enough_is_enough_and_numbers_are_no_texts(
        self, fleet: MemoryFleet, version: str
    ) -> None:
        site = site_with(version, fleet)
        assert planned(site, wanted_release(site, "v3"))[1].steps

    def test_a_warm_rollback_does_not_wait_for_it(self, fleet: MemoryFleet) -> None:
        site = site_with(None, fleet)
        back = earlier_release(site, read_history(site.host, site.name), None)
        assert planned(site, back)[1].steps

    def test_nor_does_a_deploy_of_what_is_there(self, fleet: MemoryFleet) -> None:
        site = site_with(None, fleet)
        assert not planned(site, wanted_release(site, "v2"))[1].steps
