"""The HTTP side, a request at a time: what is sent, and what each answer becomes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import requests
import responses

from pyhelpers.errors import PreflightError, ProtostarError, Unreachable
from pyhelpers.jobs.answers import Forbidden, NotFound, ServerFailed
from pyhelpers.jobs.connection import Connection
from tests.unit.jobs.world import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

URL = "https://jenkins.example/ci"
CRUMB = f"{URL}/crumbIssuer/api/json"
TOLD = {"crumb": "c1", "crumbRequestField": "Jenkins-Crumb"}


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mocked:
        yield mocked


@pytest.fixture
def connection() -> Connection:
    return Connection(settings(f"{URL}/", "ann:geheim-ü"))


def test_the_token_goes_in_a_header_and_the_path_below_the_url(
    web: responses.RequestsMock, connection: Connection
) -> None:
    web.get(f"{URL}/api/json", body=b"{}")
    assert connection.get("/api/json?tree=jobs[name]", "look") == b"{}"
    (call,) = web.calls
    sent = call.request.headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "ann:geheim-ü"
    assert "geheim" not in str(call.request.url)


def test_a_write_carries_the_crumb_and_xml_in_utf_8(
    web: responses.RequestsMock, connection: Connection
) -> None:
    web.get(CRUMB, json=TOLD)
    web.post(f"{URL}/createItem")
    connection.post("/createItem?name=a", "create a", "<a>한</a>")
    request = web.calls[1].request
    assert request.headers["Jenkins-Crumb"] == "c1"
    assert request.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert request.body == "<a>한</a>".encode()
    assert (connection.requests, connection.writes) == (2, 1)


def test_one_crumb_serves_all_writes(web: responses.RequestsMock, connection: Connection) -> None:
    web.get(CRUMB, json=TOLD)
    web.post(f"{URL}/job/a/config.xml")
    for _ in range(3):
        connection.post("/job/a/config.xml", "update a", "<a/>")
    assert connection.requests == 4


def test_a_refused_crumb_is_fetched_anew_once_and_no_more(
    web: responses.RequestsMock, connection: Connection
) -> None:
    web.get(CRUMB, json=TOLD)
    web.post(f"{URL}/job/a/config.xml", status=403, body="No valid crumb was included")
    with pytest.raises(Forbidden):
        connection.post("/job/a/config.xml", "update a", "<a/>")
    assert [call.request.method for call in web.calls] == ["GET", "POST", "GET", "POST"]


def test_a_page_with_breadcrumbs_is_not_about_the_crumb(
    web: responses.RequestsMock, connection: Connection
) -> None:
    web.get(CRUMB, json=TOLD)
    web.post(f"{URL}/job/a/config.xml", status=403, body='<ol class="jenkins-breadcrumbs">')
    with pytest.raises(Forbidden):
        connection.post("/job/a/config.xml", "update a", "<a/>")
    assert connection.writes == 1


CASES: list[tuple[int, dict[str, str], type[ProtostarError], str]] = [
    (401, {}, PreflightError, "Jenkins does not know this user, or the token is not its (401)"),
    (403, {}, Forbidden, "this user may not, or is not signed in (403)"),
    (
        403,
        {
            "X-You-Are-Authenticated-As": "reader",
            "X-Required-Permission": "hudson.model.Item.Create",
        },
        Forbidden,
        "the user reader lacks the permission hudson.model.Item.Create",
    ),
    (404, {}, NotFound, "there is none, or this user may not see it (404)"),
    (
        400,
        {"X-Error": "A job already exists with the name &#8216;a&#8217;  "},
        PreflightError,
        "Jenkins refuses it: A job already exists with the name ‘a’",  # noqa: RUF001 - its own
    ),
    (400, {}, PreflightError, "Jenkins answered 400"),
    (418, {}, PreflightError, "Jenkins answered 418"),
    (500, {}, ServerFailed, "Jenkins failed at it (500); its own log says why"),
    (502, {}, ServerFailed, "a proxy does not reach Jenkins (502)"),
    (503, {}, ServerFailed, "Jenkins is starting, restarting or going down (503)"),
    (504, {}, ServerFailed, "a proxy waited too long for Jenkins (504)"),
    (
        301,
        {"Location": "https://u:p@new.example/ci/api/json?secret=1"},
        PreflightError,
        "this address leads on to https://new.example",
    ),
]


@pytest.mark.parametrize(("status", "headers", "kind", "words"), CASES)
def test_an_answer_that_is_not_wanted_has_its_own_words(
    web: responses.RequestsMock,
    connection: Connection,
    status: int,
    headers: dict[str, str],
    kind: type[ProtostarError],
    words: str,
) -> None:
    web.get(f"{URL}/api/json", status=status, headers=headers, body="<html>page</html>" * 99)
    with pytest.raises(kind) as refused:
        connection.get("/api/json", "look")
    assert refused.value.error == f"cannot look: {words}"
    assert "page" not in str(refused.value)


def test_a_lacking_permission_is_named_as_the_matrix_shows_it(
    web: responses.RequestsMock, connection: Connection
) -> None:
    headers = {"X-Required-Permission": "hudson.model.Item.Configure"}
    web.get(f"{URL}/api/json", status=403, headers=headers)
    with pytest.raises(Forbidden) as refused:
        connection.get("/api/json", "look")
    assert refused.value.try_ == "give it Job/Configure in Jenkins's authorization"


@pytest.mark.parametrize(
    ("location", "is_done"),
    [
        (f"{URL}/job/a/", True),
        ("/ci/job/a/", True),
        (f"{URL}/job/login", True),
        ("https://other.example/ci/job/a/disable", False),
        (f"{URL}/securityRealm/login?from=x", False),
        (f"{URL}/login?from=%2Fjob", False),
    ],
)
def test_only_the_way_to_the_items_page_is_a_success(
    web: responses.RequestsMock, connection: Connection, location: str, *, is_done: bool
) -> None:
    web.get(CRUMB, json=TOLD)
    web.post(f"{URL}/job/a/disable", status=302, headers={"Location": location})
    if is_done:
        connection.post("/job/a/disable", "disable a")
        return
    with pytest.raises(PreflightError, match="leads on to"):
        connection.post("/job/a/disable", "disable a")
    assert len(web.calls) == 2


FAILURES: list[tuple[Callable[[], Exception], str]] = [
    (requests.exceptions.SSLError, "the certificate of jenkins.example is not trusted"),
    (requests.ConnectTimeout, "nothing answers at jenkins.example"),
    (requests.ReadTimeout, "no whole answer within 5 s"),
    (requests.ConnectionError, "jenkins.example closed the connection"),
    (requests.exceptions.ChunkedEncodingError, "jenkins.example closed the connection"),
]


@pytest.mark.parametrize(("failure", "words"), FAILURES)
def test_a_request_without_an_answer_has_its_own_words(
    web: responses.RequestsMock,
    connection: Connection,
    failure: Callable[[], Exception],
    words: str,
) -> None:
    web.get(f"{URL}/api/json", body=failure())
    with pytest.raises(Unreachable) as refused:
        connection.get("/api/json", "look")
    assert refused.value.error == f"cannot look: {words}"
    assert "geheim" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("body", [b"<html>a portal</html>", b"[]", b"", b"\xff"])
def test_what_is_no_jenkins_gives_no_crumb(
    web: responses.RequestsMock, connection: Connection, body: bytes
) -> None:
    web.get(CRUMB, body=body)
    with pytest.raises(PreflightError, match="what answers there is no Jenkins"):
        connection.post("/createItem?name=a", "create a", "<a/>")
