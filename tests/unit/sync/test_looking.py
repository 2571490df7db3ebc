"""What a host prints of itself, read."""

from __future__ import annotations

import pytest

from pyhelpers.sync import looking
from pyhelpers.sync.model import Container

ROW = "id\tcache-1\trunning\tUp 2 hours (healthy)\tcache\tabc\t8081\ttrue\t\tFalse"


def test_sections_by_their_lines() -> None:
    assert looking.sections("== a\none\n\ntwo\n== b\n") == {"a": ["one", "two"], "b": []}


def test_the_current_release_by_its_link() -> None:
    assert looking.current_of(["releases/abc"]) == "abc"
    assert looking.current_of([]) == ""


def test_kept_is_what_has_an_archive() -> None:
    assert looking.kept_of(["abc", "abc.tar", "def", "ghi.tar"]) == {"abc", "ghi"}


def test_a_listing_has_modes_and_sums_of_odd_names_too() -> None:
    modes = ["644 a b", "600 .env"]
    sums = [f"{'1' * 64}  ./a b", f"\\{'2' * 64}  ./.env"]
    assert looking.listing_of(modes, sums) == {"a b": (0o644, "1" * 64), ".env": (0o600, "2" * 64)}


@pytest.mark.parametrize(
    ("lines", "told"),
    [([], None), (['{"to": "abc"}'], {"to": "abc"}), (['{"to": "a'], {}), (["[]"], {})],
)
def test_an_unfinished_apply_and_a_torn_note_of_one(lines: list[str], told: object) -> None:
    assert looking.unfinished_of(lines) == told


def test_a_container_with_its_health_port_and_marks() -> None:
    colour = ROW.replace("\t\tFalse", "\tapi\tFalse")
    (found,) = looking.containers_of([ROW, ROW.replace("False", "True"), colour, "torn"])
    assert (found.health, found.nginx_port, found.pipeline, found.well) == (
        *("healthy", 8081, True),
        True,
    )


@pytest.mark.parametrize(
    ("state", "status", "well"),
    [
        ("running", "Up 2 seconds", True),
        ("running", "Up 2 seconds (healthy)", True),
        ("running", "Up 2 seconds (unhealthy)", False),
        ("running", "Up 2 seconds (health: starting)", False),
        ("exited", "Exited (0) 3 minutes ago", True),
        ("exited", "Exited (1) 3 minutes ago", False),
        ("restarting", "Restarting (1) 2 seconds ago", False),
        ("created", "Created", False),
    ],
)
def test_who_is_well(state: str, status: str, *, well: bool) -> None:
    assert Container("i", "n", state, status, "s", "c").well is well


def test_strangers_are_all_that_are_not_ours() -> None:
    lines = ["a shop-a5", "b other", "c "]
    assert looking.strangers_of(lines, "shop-a5") == {"b": "other", "c": ""}
