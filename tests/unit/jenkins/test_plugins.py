"""The list of plug-ins: each pinned, each with its reason, none missing that a job needs."""

from __future__ import annotations

import itertools
import re

from pyhelpers.jobs.loading import load
from pyhelpers.jobs.needs import plugins
from pyhelpers.jobs.wanted import wanted

from .casc import CHECKOUT

LINES = (CHECKOUT / "docker/jenkins/plugins.txt").read_text().splitlines()
PLUGINS = [(before, line) for before, line in itertools.pairwise(LINES) if ":" in line]
PINNED = [(reason, line) for reason, line in PLUGINS if not line.startswith("#")]


def test_each_is_pinned() -> None:
    assert PINNED
    assert [line for _, line in PINNED if not re.fullmatch(r"[a-z0-9-]+:\d[\w.]*", line)] == []


def test_each_has_its_reason() -> None:
    assert [line for reason, line in PINNED if not re.match(r"# \w", reason)] == []


def test_none_is_there_twice() -> None:
    names = [line.split(":")[0] for _, line in PINNED]
    assert len(names) == len(set(names))


def test_what_the_jobs_need_is_there() -> None:
    needed = plugins(wanted(load(CHECKOUT / "jobs", {})).values())
    assert set(needed) <= {line.split(":")[0] for _, line in PINNED}
