"""What node-exporter reads of deploys: out of the history, whoever wrote it."""

from __future__ import annotations

import dataclasses
import re

from pyhelpers.deploy import metrics
from tests.unit.deploy import builders

AT = 1_795_428_000  # 2026-11-23T10:00:00Z


def told(*records: str, **changes: object) -> dict[str, float]:
    """Each series and its value."""
    history = builders.history(*records)
    if changes:
        history = (*history[:-1], dataclasses.replace(history[-1], **changes))  # type: ignore[arg-type]  # any field
    lines = metrics.text("a5", "api", history).splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name.removeprefix("protostar_deploy_"): float(value) for name, value in pairs}


WHOSE = 'host="a5",service="api"'


def test_without_a_history_there_is_nothing_to_tell() -> None:
    assert metrics.text("a5", "api", ()) == ""


def test_the_last_deploy_is_when_it_ended_and_whether_it_is_live() -> None:
    found = told("deploy v1 blue done", "deploy v2 green refused")
    assert found[f"timestamp_seconds{{{WHOSE}}}"] == AT + 120
    assert found[f"success{{{WHOSE}}}"] == 0


def test_what_is_live_is_the_last_good_one_since_it_became_so() -> None:
    of = builders.release("v1")
    found = told("deploy v1 blue done", "deploy v2 green flipped_back")
    named = f'colour="blue",release="{of.id}",label="{of.label}"'
    assert found[f"live_since_timestamp_seconds{{{WHOSE},{named}}}"] == AT + 60


def test_before_the_first_good_one_nothing_is_said_to_be_live() -> None:
    assert not [name for name in told("deploy v1 blue refused") if name.startswith("live_since")]


def test_deploys_are_counted_by_what_came_of_them() -> None:
    found = told("deploy v1 blue done", "deploy v2 green done", "rollback v1 blue done")
    assert found[f'count{{{WHOSE},action="deploy",outcome="done"}}'] == 2
    assert found[f'count{{{WHOSE},action="rollback",outcome="done"}}'] == 1


def test_each_step_of_the_last_one_has_its_seconds() -> None:
    found = told("deploy v1 blue done", steps={"start idle": 1.25, "bake": 30.0})
    assert found[f'step_seconds{{{WHOSE},step="start idle"}}'] == 1.25
    assert found[f'step_seconds{{{WHOSE},step="bake"}}'] == 30


def test_a_label_may_hold_anything() -> None:
    odd = dataclasses.replace(builders.release("v1"), label='a"b\\c\nd')
    text = metrics.text(
        "a5", "api", [dataclasses.replace(builders.record("deploy v1 blue done"), release=odd)]
    )
    assert r'label="a\"b\\c\nd"' in text


def test_every_figure_says_what_it_is() -> None:
    text = metrics.text("a5", "api", builders.history("deploy v1 blue done"))
    shown = re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE)
    assert shown == re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    assert shown == [f"{metrics.PREFIX}_{name}" for name in metrics.HELP]
