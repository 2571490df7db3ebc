"""Whose deploy `rollback --now` is meant for, when nobody holds the service any more."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

import pytest

from pyhelpers.deploy.end import was_just_undone
from pyhelpers.deploy.model import Holder
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import MemoryHost

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime.datetime(2026, 11, 26, 3, 0, 0, tzinfo=datetime.UTC)
HELD_SINCE = 30


def before(seconds: float) -> str:
    return f"{NOW - datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def host_with(outcome: str, age_s: float) -> MemoryHost:
    host = MemoryHost()
    host.ends = clock
    release = {"id": "v2", "image": "i", "label": "v2", "config_digest": "d"}
    record = {"id": "1", "at": before(age_s), "outcome": outcome, "colour": "green"}
    line = json.dumps({**record, "release": release})
    host.files[host.root / "history" / f"{builders.NAME}.jsonl"] = line.encode()
    return host


def clock(argv: Sequence[str]) -> tuple[int, str]:
    assert argv[0] == "date"
    return 0, f"{NOW.timestamp():.0f}\n"


@pytest.mark.parametrize(
    ("outcome", "age_s", "undone"),
    [
        ("refused", 5, True),
        ("flipped_back", 59, True),
        ("refused", 86400, False),
        ("done", 5, False),
    ],
)
def test_without_a_holder_only_a_failure_of_this_moment_counts(
    outcome: str, age_s: float, *, undone: bool
) -> None:
    assert was_just_undone(host_with(outcome, age_s), builders.NAME, None) is undone


@pytest.mark.parametrize(
    ("outcome", "age_s", "undone"),
    [
        pytest.param("flipped_back", 1, True, id="it failed by itself"),
        pytest.param("done", 1, False, id="it was committed"),
        pytest.param("done", HELD_SINCE + 600, True, id="it has left no line: it was killed"),
    ],
)
def test_who_was_there_a_moment_ago_is_judged_by_a_line_of_its_own(
    outcome: str, age_s: float, *, undone: bool
) -> None:
    holder = Holder("anna", 1, before(HELD_SINCE), "bake")
    assert was_just_undone(host_with(outcome, age_s), builders.NAME, holder) is undone


def test_a_service_without_a_history_has_nothing_to_end() -> None:
    assert not was_just_undone(MemoryHost(), builders.NAME, None)
