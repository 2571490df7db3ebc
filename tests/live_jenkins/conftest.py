"""Collected only where a Jenkins is named; cleans up after itself, whatever broke."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .live import Live

if TYPE_CHECKING:
    from collections.abc import Iterator

collect_ignore_glob: list[str] = []
if "JENKINS_URL" not in os.environ:
    collect_ignore_glob.append("test_*.py")
elif "LIVE_JENKINS_FOLDER" not in os.environ:
    collect_ignore_glob.append("test_library.py")


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    there = Live.connect(os.environ)
    before = set(there.jenkins.items())
    there.make_credentials()
    try:
        yield there
    finally:
        there.remove()
    assert set(there.jenkins.items()) == before
