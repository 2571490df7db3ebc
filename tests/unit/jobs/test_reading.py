"""What a server's XML says, in the words of jobs/*.yml: also what somebody typed there by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pyhelpers.jobs.definition import ROOTS, Definition, Kind, Wanted
from pyhelpers.jobs.differences import differences, shown
from pyhelpers.jobs.elements import NotXml
from pyhelpers.jobs.loading import Jobs
from pyhelpers.jobs.looking import look
from pyhelpers.jobs.mark import Owner, marked, split
from pyhelpers.jobs.model import Pipeline
from pyhelpers.jobs.reading import read
from pyhelpers.jobs.render import render
from pyhelpers.jobs.wanted import wanted
from tests.unit.jobs.stored import stored
from tests.unit.jobs.test_jenkins_double import recorded
from tests.unit.jobs.world import CASES, FULL, brought, fresh_double, jenkins_of, jobs_of

if TYPE_CHECKING:
    from tests.unit.jobs.jenkins_double import JenkinsDouble


@pytest.mark.parametrize("kind", ROOTS.values())
def test_what_was_sent_and_what_is_stored_say_the_same(kind: Kind) -> None:
    assert read(recorded(f"{kind}.sent")) == read(recorded(f"{kind}.stored"))
    assert read(recorded(f"{kind}.stored")).kind is kind


def test_a_recorded_pipeline_is_read_whole() -> None:
    told = read(recorded("pipeline.stored"))
    assert told == Definition(
        Kind.PIPELINE,
        None,
        {
            "description": "Deploys the api",
            "display_name": "",
            "scm": {
                "url": "git@centre.lan:protostar/backend.git",
                "credentials": "git-ssh",
                "branch": "main",
                "lightweight": True,
            },
            "script": "Jenkinsfile",
            "parameters": {
                "VERSION": {
                    "kind": "string",
                    "description": "what to deploy",
                    "default": "latest",
                    "trim": True,
                },
                "TARGET": {"kind": "choice", "description": "", "choices": ["a5", "staging"]},
                "DRY_RUN": {"kind": "boolean", "description": "", "default": False},
            },
            "triggers": {
                "cron": "H 3 * * *",
                "webhook": {
                    "token": "webhook-token",
                    "matches": "^refs/heads/main$",
                    "text": "$REF",
                    "variables": {"REF": "$.ref"},
                    "cause": "Push to $REF",
                },
            },
            "keep": {"builds": 50, "days": 30, "artifact_builds": None, "artifact_days": None},
            "concurrent": False,
            "abort_previous": False,
            "disabled": False,
        },
    )


@pytest.mark.parametrize(
    "xml", ["", "text", "<a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>&#x1;</a>"]
)
def test_what_jenkins_never_stores_is_refused(xml: str) -> None:
    with pytest.raises(NotXml):
        read(xml)


# --- what somebody changed by hand ---------------------------------------------------------------


@pytest.fixture
def double() -> JenkinsDouble:
    applied = fresh_double()
    brought(jenkins_of(applied), jobs_of(FULL))
    applied.save()
    return applied


BY_HAND = yaml.safe_load((CASES / "by_hand.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("edit", BY_HAND, ids=lambda edit: edit["line"])
def test_what_was_changed_by_hand_shows_as_one_line_without_a_secret(
    double: JenkinsDouble, edit: dict[str, str]
) -> None:
    double.edit(edit["item"], edit["old"], edit["new"])
    (action,) = look(jenkins_of(double), jobs_of(FULL)).plan.actions
    assert (action.name, action.lines) == (edit["item"], (edit["line"],))
    brought(jenkins_of(double), jobs_of(FULL))
    assert look(jenkins_of(double), jobs_of(FULL)).plan.actions == ()


def test_a_password_parameter_of_a_server_shows_no_value(double: JenkinsDouble) -> None:
    password = "<name>P</name><defaultValue>{AQAAs3cret}</defaultValue>"
    kind = "hudson.model.PasswordParameterDefinition"
    new = f"<parameterDefinitions><{kind}>{password}</{kind}>"
    double.edit("team/full", "<parameterDefinitions>", new)
    (action,) = look(jenkins_of(double), jobs_of(FULL)).plan.actions
    assert action.lines == (
        "parameters.P: {kind: PasswordParameterDefinition, description: ''} → none",
    )


def test_a_property_that_another_plug_in_adds_is_no_difference(double: JenkinsDouble) -> None:
    double.edit("team/plain", "<properties>", "<properties><com.example.Rebuild/>")
    assert look(jenkins_of(double), jobs_of(FULL)).plan.actions == ()


# --- any text ------------------------------------------------------------------------------------

LINE = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
LINES = st.lists(LINE, max_size=3).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(description=LINES, name=LINE, default=LINES, choice=LINE, cause=LINE)
def test_any_text_comes_back_as_it_was_sent(
    description: str, name: str, default: str, choice: str, cause: str
) -> None:
    webhook = {"token": "t", "matches": name, "cause": cause, "variables": {"A": choice}}
    item: dict[str, object] = {
        "description": description,
        "display_name": name,
        "scm": {"url": "git@h:a.git"},
        "parameters": {
            "A": {"kind": "text", "default": default, "description": description},
            "B": {"kind": "choice", "choices": [choice]},
        },
        "triggers": {"webhook": webhook},
    }
    sent = a_pipeline(item)
    xml = render(sent, "shop")
    for text in (xml, stored(xml)):
        told = read(text)
        assert told.options == sent.options
        assert told.owner == Owner("shop", "api")


def a_pipeline(item: dict[str, object]) -> Wanted:
    return wanted(Jobs("shop", {"api": Pipeline.model_validate(item)}))["api"]


@given(text=LINES.map(str.strip))
def test_a_mark_is_found_below_any_text(text: str) -> None:
    assert split(marked(text, Owner("shop", "a/b"))) == (text, Owner("shop", "a/b"))


# --- lines ---------------------------------------------------------------------------------------


def test_two_long_texts_are_shown_from_where_they_part() -> None:
    old, new = "x" * 500 + "old", "x" * 500 + "new"
    (line,) = differences({"a": old}, {"a": new})
    assert line == f"a: …{'x' * 20}old → …{'x' * 20}new"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (3, "3"),
        ("", "''"),
        ("two words", "two words"),
        (" blank", "' blank'"),
        ("https://token@h/a", "https://***@h/a"),
        ("ssh://git@h/a", "ssh://git@h/a"),
        ("ssh://git:pw@h/a", "ssh://git:***@h/a"),
        (["a", ""], "[a, '']"),
        ({"a": None}, "{a: none}"),
    ],
)
def test_a_value_is_shown_short_and_without_a_password(value: object, text: str) -> None:
    assert shown(value) == text  # type: ignore[arg-type] # of the table, all of them fit
