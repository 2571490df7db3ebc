"""Compose's version: asked for ahead, once, and anew where it could not be told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pyhelpers.deploy.compose_version import ComposeVersion
from pyhelpers.errors import Unreachable
from tests.unit.deploy.doubles import MemoryHost

if TYPE_CHECKING:
    from collections.abc import Callable


def version_on_a_host(*answers: Callable[[], str]) -> ComposeVersion:
    """It answers with the next of `answers`, each of which may wait, or raise."""
    host, left = MemoryHost(), list(answers)
    host.ends = lambda _: (0, left.pop(0)())
    return ComposeVersion(host)


def cut() -> str:
    raise Unreachable(error="the line to a5 is cut", try_="ssh a5")


def test_it_is_asked_for_once_and_told_as_often_as_wanted() -> None:
    version = version_on_a_host(lambda: "2.40.3\n")
    assert [version.told(), version.told()] == ["2.40.3", "2.40.3"]


def test_whoever_asks_ahead_does_not_wait_for_the_answer() -> None:
    may_answer = threading.Event()

    def answer() -> str:
        assert may_answer.wait(timeout=20)
        return "2.40.3\n"

    version = version_on_a_host(answer)
    version.ask()
    may_answer.set()
    assert version.told() == "2.40.3"


def test_what_could_not_be_told_is_raised_and_asked_anew() -> None:
    version = version_on_a_host(cut, lambda: "2.40.3\n")
    with pytest.raises(Unreachable, match="the line to a5 is cut"):
        version.told()
    assert version.told() == "2.40.3"
