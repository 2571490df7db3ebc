"""The line, sshd, the deployer, the engine or the whole server goes in the middle of a deploy."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from bench.cuts import cuts, longest_outage_s, scene, table, together
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

# Each step is cut once here, by turns in three ways; `script/bench cuts` does each in all three.
BY_TURNS = list(zip(itertools.cycle((SSHD, PACKETS, DEPLOYER)), STEPS, strict=False))


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("cuts") / "remote") as made:
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


@pytest.mark.parametrize("step", ["before switch", "bake", "drain"])
def test_after_a_reboot_the_live_colour_answers_by_itself(at: Scene, step: str) -> None:
    all_well([cut(at, REBOOT, step)])
