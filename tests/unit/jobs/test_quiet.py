"""A plan right after an apply is empty, for every kind and option; one change is one line."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pyhelpers.config.explain import model_at
from pyhelpers.jobs.looking import look
from pyhelpers.jobs.model import Folder, JobsFile, Multibranch, Pipeline
from tests.unit.jobs.world import CASES, FULL, brought, fresh_double, jenkins_of, jobs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from tests.unit.jobs.jenkins_double import JenkinsDouble

# Credentials of a folder are not in its XML as jobs/*.yml has them: see test_stores.py.
OWN_STORE = ("credentials",)
CHANGES = yaml.safe_load((CASES / "changes.yml").read_text(encoding="utf-8"))


@pytest.fixture(params=["fresh", "saved"])
def applied(request: pytest.FixtureRequest) -> JenkinsDouble:
    """Right after the apply, and after Jenkins has stored it in its own way."""
    double = fresh_double()
    brought(jenkins_of(double), jobs_of(FULL))
    if request.param == "saved":
        double.save()
    return double


def changed(change: Mapping[str, Any]) -> dict[str, Any]:
    data = copy.deepcopy(FULL)
    for each in filter(None, (change, change.get("also"))):
        *path, last = each["at"]
        node = data
        for key in path:
            node = node.setdefault(key, {})
        if each.get("remove"):
            del node[last]
        else:
            node[last] = each["to"]
    return data


def named(change: Mapping[str, Any]) -> str:
    return ".".join(change["at"]) + (" removed" if change.get("remove") else "")


def test_nothing_to_do_after_an_apply(applied: JenkinsDouble) -> None:
    outlook = look(jenkins_of(applied), jobs_of(FULL))
    assert outlook.plan.actions == ()
    assert outlook.plan.refusals == ()
    assert outlook.problems == ()


def test_a_second_apply_sends_no_write(applied: JenkinsDouble) -> None:
    applied.log.clear()
    jenkins = jenkins_of(applied)
    brought(jenkins, jobs_of(FULL))
    assert applied.writes == []
    assert jenkins.connection.writes == 0


@pytest.mark.parametrize("change", CHANGES, ids=named)
def test_a_change_shows_exactly_its_line(applied: JenkinsDouble, change: dict[str, Any]) -> None:
    jobs = jobs_of(changed(change))
    (action,) = look(jenkins_of(applied), jobs).plan.actions
    assert action.name == change["at"][1]
    assert list(action.lines) == change.get("lines", [change.get("line")])
    brought(jenkins_of(applied), jobs)
    assert look(jenkins_of(applied), jobs).plan.actions == ()
    applied.save()
    assert look(jenkins_of(applied), jobs).plan.actions == ()


def options_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every option below a kind; of a mapping, those of one entry."""
    for name in model.model_fields:
        inner = model_at(model, (name,))
        entry = model_at(model, (name, "x"))
        if inner is not None:
            yield from options_of(inner, (*path, name))
        elif entry is not None:
            yield from options_of(entry, (*path, name, "x"))
        else:
            yield (*path, name)


@pytest.mark.parametrize(
    ("section", "model"),
    [("folders", Folder), ("pipelines", Pipeline), ("multibranches", Multibranch)],
)
def test_every_option_of_every_kind_is_changed_in_one_case(
    section: str, model: type[BaseModel]
) -> None:
    seen = {without_names(change["at"][2:]) for change in CHANGES if change["at"][0] == section}
    missing = [path for path in options_of(model) if path not in seen and path[0] not in OWN_STORE]
    assert missing == []


def without_names(path: list[str]) -> tuple[str, ...]:
    """`parameters.VERSION.trim` → parameters.x.trim; a variable of a webhook has no options."""
    if "variables" in path:
        return tuple(path[: path.index("variables") + 1])
    return tuple(
        "x" if before == "parameters" else key
        for before, key in zip(["", *path], path, strict=False)
    )


def test_full_yml_states_every_option_but_what_excludes_another() -> None:
    sections = (("folders", "team"), ("pipelines", "team/full"), ("multibranches", "team/branches"))
    for section, name in sections:
        item = FULL[section][name]
        model = model_at(JobsFile, (section, name))
        assert model is not None
        assert set(model.model_fields) - set(item) <= {"concurrent", *OWN_STORE}
