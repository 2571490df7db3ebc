"""The double answers as the controller did that was recorded (2.504.3)."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import requests
import yaml

from tests.unit.jobs.jenkins_double import JenkinsDouble
from tests.unit.jobs.server_double import ServerDouble
from tests.unit.jobs.stored import fresh, stored

CASES = Path(__file__).parents[2] / "cases" / "jobs"
RECORDED = CASES / "recorded"
KINDS = ("folder", "pipeline", "multibranch")
ROWS = yaml.safe_load((CASES / "answers.yml").read_text(encoding="utf-8"))


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.xml").read_text(encoding="utf-8")


def canonical(xml: str) -> str:
    return ET.canonicalize(xml.partition("?>")[2], strip_text=True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_is_stored_as_it_was_recorded(kind: str) -> None:
    assert canonical(stored(recorded(f"{kind}.sent"))) == canonical(recorded(f"{kind}.stored"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stored_is_stored_the_same_again(kind: str) -> None:
    text = recorded(f"{kind}.stored")
    assert canonical(stored(text)) == canonical(text)


def test_right_after_the_post_it_still_says_what_was_sent() -> None:
    text = recorded("pipeline.sent")
    assert canonical(fresh(text)) == canonical(text)
    assert fresh(text).startswith('<?xml version="1.1" encoding="UTF-8"?>')


def test_an_unknown_element_in_properties_is_gone_after_the_next_save() -> None:
    text = recorded("pipeline.sent").replace("<properties>", "<properties><no.Such/>")
    assert "no.Such" in fresh(text)
    assert "no.Such" not in stored(text)


@pytest.fixture
def server() -> ServerDouble:
    jenkins = JenkinsDouble()
    jenkins.foreign("there")
    jenkins.foreign("branches", kind="multibranch")
    return ServerDouble(jenkins)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_request_is_answered_as_recorded(server: ServerDouble, row: dict[str, object]) -> None:
    with server, requests.Session() as session:
        user = str(row.get("user", "admin:token-1"))
        auth = tuple(user.split(":")) if user else None
        method, path = str(row["request"]).split(" ")
        answer = session.request(
            method,
            server.url + path,
            auth=auth,  # type: ignore[arg-type] # always a pair
            data=recorded(str(row["sends"])) if "sends" in row else str(row.get("body", "")),
            headers={"Content-Type": str(row.get("type", "application/xml"))},
            allow_redirects=False,
        )
    assert answer.status_code == row["status"]
    told = answer.headers
    wanted = row.get("headers", {})
    assert isinstance(wanted, dict)
    assert {name: told.get(name) for name in wanted} == wanted
    assert str(row.get("says", "")) in answer.text


def test_a_crumb_is_good_for_the_session_that_it_was_given_to(server: ServerDouble) -> None:
    with server, requests.Session() as session, requests.Session() as another:
        session.auth = another.auth = ("admin", "geheim")
        told = session.get(f"{server.url}/crumbIssuer/api/json").json()
        headers = {told["crumbRequestField"]: told["crumb"]}
        url = f"{server.url}/job/there/disable"
        assert another.post(url, headers=headers, allow_redirects=False).status_code == 403
        assert session.post(url, headers=headers, allow_redirects=False).status_code == 302


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("there", {"buildable": False, "disabled": True}),
        ("branches", {"buildable": False}),
    ],
)
def test_only_a_pipeline_says_that_it_is_disabled(
    server: ServerDouble, name: str, told: dict[str, bool]
) -> None:
    with server, requests.Session() as session:
        session.auth = ("admin", "token-1")
        session.post(f"{server.url}/job/{name}/disable", allow_redirects=False)
        listed = session.get(f"{server.url}/api/json?tree=jobs[name]").json()
    (item,) = [each for each in listed["jobs"] if each["name"] == name]
    assert {key: item.get(key) for key in ("buildable", "disabled") if key in item} == told


def test_a_reader_may_not_create(server: ServerDouble) -> None:
    with server, requests.Session() as session:
        session.auth = ("reader", "geheim")
        told = session.get(f"{server.url}/crumbIssuer/api/json").json()
        answer = session.post(
            f"{server.url}/createItem?name=new",
            headers={told["crumbRequestField"]: told["crumb"], "Content-Type": "text/xml"},
        )
    assert answer.status_code == 403
    assert answer.headers["X-Required-Permission"] == "hudson.model.Item.Create"
    assert answer.headers["X-You-Are-Authenticated-As"] == "reader"
