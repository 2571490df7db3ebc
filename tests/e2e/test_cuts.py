"""The line, sshd, the deployer, the engine or the whole server goes in the middle of a deploy."""

from __future__ import annotations

import itertools
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from bench.cuts import QUICK, cuts, longest_outage_s, scene, table, together
from bench.cutting import (
    DEPLOYER,
    ENGINE,
    PACKETS,
    REBOOT,
    SSHD,
    STEPS,
    Cut,
    Scene,
    cut,
    migrations,
)
from pyhelpers.errors import LockedError
from pyhelpers.hosts.lock import hold

from .deployer import Deployer
from .ssh_servers import ssh_host
from .town import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

# Each step is cut once here, by turns in three ways; `script/bench cuts` does each in all three.
BY_TURNS = list(zip(itertools.cycle((SSHD, PACKETS, DEPLOYER)), STEPS, strict=False))


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("cuts") / "remote") as made:
        tags.append(made.remote.tag)
        yield made


def all_well(found: list[Cut]) -> None:
    print(table(found))  # noqa: T201 - the table that the docs quote
    assert [each for each in found if each.problems] == []


def test_a_cut_at_any_step_is_noticed_by_nobody_and_settled_by_the_host(
    at: Scene, tmp_path: Path
) -> None:
    found, result = cuts(at, BY_TURNS, tmp_path)
    all_well(found)
    assert result.report.failed == 0, result.report.failed_by
    assert max(each.free_s for each in found) < 60
    told = migrations(at)
    assert told.count("begin") == told.count("end") > 2
    assert together(told) == 0


def test_the_engine_is_killed_and_the_colours_live_on(at: Scene, tmp_path: Path) -> None:
    found, result = cuts(at, [(ENGINE, "start idle"), (ENGINE, "bake")], tmp_path)
    all_well(found)
    print(f"failed meanwhile: {result.report.failed}")  # noqa: T201 - a figure
    assert longest_outage_s(result.events) <= 1


@contextmanager
def deploying(at: Scene, *, bake_s: float) -> Iterator[Deployer]:
    """The other version, as far as the bake: traffic is switched, nothing is committed."""
    at.remote.set(at.name, bake={"for_s": bake_s})
    version = "v1" if at.done()[-1] == "v2" else "v2"
    env = {**at.remote.environment, "PROTOSTAR_WHO": "ana@laptop"}
    try:
        with Deployer(at.remote, "run", at.name, version, env=env) as deployer:
            deployer.reached("bake")
            yield deployer
    finally:
        at.remote.set(at.name, bake=QUICK["bake"])


def test_unlock_shows_whom_it_would_hurt_and_has_the_guard_flip_back(at: Scene) -> None:
    old = at.live()
    with deploying(at, bake_s=60) as first:
        asked = at.remote.deploy("unlock", at.name)
        assert asked.code == 130
        assert f"{at.name} is held by ana@laptop since " in asked.out
        assert ", at: bake" in asked.out
        assert at.live() != old
        unlocked = at.remote.deploy("unlock", at.name, "--yes")
        assert (unlocked.code, unlocked.out.splitlines()[-1]) == (0, f"{at.name} is free")
        assert (at.live(), at.remote.locked(at.host, at.name)) == (old, False)
        assert first.finish().code == 7


def test_who_has_the_whole_host_and_who_deploys_wait_for_each_other(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in at.remote.environment.items():
        monkeypatch.setenv(name, value)
    with closing(ssh_host(at.server)) as host:
        lock = host.root / "guard" / "host"
        with hold(host, lock, shared=False, wait_s=5):
            refused = at.remote.deploy("run", at.name, "v1" if at.done()[-1] == "v2" else "v2")
        assert (refused.code, said(refused).state) == (5, "nothing was changed by this command")
        assert said(refused).error == "the whole host is locked by a configuration sync"
        with deploying(at, bake_s=1) as first:
            with pytest.raises(LockedError), hold(host, lock, shared=False, wait_s=0.1):
                pytest.fail("a deploy goes on")
            assert first.finish().code == 0


@pytest.mark.parametrize("step", ["before switch", "bake", "drain"])
def test_after_a_reboot_the_live_colour_answers_by_itself(at: Scene, step: str) -> None:
    all_well([cut(at, REBOOT, step)])
