"""libyaml and the parser in pure Python tell the same, so a file is right or wrong everywhere."""

from __future__ import annotations

import pytest
import yaml

from pyhelpers.config.problems import Problem, Refused
from pyhelpers.config.yaml_nodes import AnyLoader, Loader, Node, node_at, read_nodes
from tests.unit.config.cases import Case, read_cases


def outcome(text: str, loader: AnyLoader) -> tuple[Node | None, list[Problem]]:
    try:
        return read_nodes(text, loader)
    except Refused as refused:
        return None, list(refused.problems)


def test_libyaml_is_used_where_it_is_there() -> None:
    assert (Loader is yaml.CSafeLoader) == yaml.__with_libyaml__


@pytest.mark.parametrize("case", list(read_cases()), ids=lambda case: case.name)
def test_both_parsers_find_the_same(case: Case) -> None:
    quick, quick_problems = outcome(case.text, yaml.CSafeLoader)
    pure, pure_problems = outcome(case.text, yaml.SafeLoader)
    assert quick == pure
    # Where exactly a syntax error is, and what it is, they see a little differently.
    assert [one.line for one in quick_problems] == [one.line for one in pure_problems]
    if not any(one.column for one in quick_problems):
        assert quick_problems == pure_problems


def test_a_node_is_found_with_its_line() -> None:
    root, _ = read_nodes("a:\n  b:\n    - x\n    -\n      c: y\n")
    assert node_at(root, ("a",))[1] == 1
    assert node_at(root, ("a", "b", 0))[1] == 3
    assert node_at(root, ("a", "b", 1, "c"))[1] == 5


def test_what_is_absent_has_the_line_of_what_is_around_it() -> None:
    root, _ = read_nodes("a:\n  b:\n    - x\n")
    assert node_at(root, ("a", "b", 7)) == (None, 2)
    assert node_at(root, ("a", "z", "y")) == (None, 1)
    assert node_at(None, ("a",)) == (None, 0)
