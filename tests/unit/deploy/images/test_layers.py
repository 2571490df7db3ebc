"""Which layers a host lacks: by the chain, from the bottom."""

from __future__ import annotations

import pytest

from pyhelpers.deploy.images.layers import held, read_chains, to_skip


@pytest.mark.parametrize(
    ("wanted", "chains", "count"),
    [
        ("abc", [], 0),
        ("abc", ["abc"], 3),
        ("abc", ["ab"], 2),
        ("abc", ["abx"], 2),
        ("abc", ["abcd"], 3),
        ("abc", ["ax", "abx", "x"], 2),
        ("abc", ["bc"], 0),
        ("abc", ["xbc"], 0),
        ("abc", ["acb"], 1),
        ("", ["abc"], 0),
        ("abc", [""], 0),
    ],
)
def test_the_longest_beginning_that_some_image_has(
    wanted: str, chains: list[str], count: int
) -> None:
    assert held(tuple(wanted), [tuple(chain) for chain in chains]) == count


@pytest.mark.parametrize(
    ("wanted", "count", "skipped"),
    [("abc", 0, ""), ("abc", 2, "ab"), ("abca", 2, "b"), ("abca", 4, "abc")],
)
def test_a_layer_that_is_needed_again_higher_up_travels(
    wanted: str, count: int, skipped: str
) -> None:
    assert to_skip(tuple(wanted), count) == frozenset(skipped)


def test_an_image_without_layers_is_no_trouble() -> None:
    assert read_chains('["sha256:a","sha256:b"]\nnull\n\n[]\n') == (
        ("sha256:a", "sha256:b"),
        (),
        (),
    )
