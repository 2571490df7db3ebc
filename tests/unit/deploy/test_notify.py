"""The webhook: one POST, tried again, and never a word of its address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests
import responses
from tenacity import wait_none

from pyhelpers.deploy import notify as room
from pyhelpers.deploy.notify import notify

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "T0PSECRET"
URL = f"https://hooks.example.org/services/{TOKEN}"


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    monkeypatch.setattr(room._post.retry, "wait", wait_none())
    with responses.RequestsMock() as mock:
        yield mock


def test_the_message_is_posted_as_json(webhook: responses.RequestsMock) -> None:
    webhook.post(URL)
    assert notify(URL, {"error": "느림", "exit_code": 7}) == ""
    request = webhook.calls[0].request
    assert json.loads(request.body or b"") == {"error": "느림", "exit_code": 7}
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_refusal_is_told_by_its_status_and_not_repeated(
    webhook: responses.RequestsMock, status: int
) -> None:
    webhook.post(URL, status=status)
    assert notify(URL, {}) == f"the webhook answered {status}"
    assert len(webhook.calls) == 1


@pytest.mark.parametrize("trouble", [requests.ConnectionError, requests.Timeout])
def test_a_webhook_that_is_not_reached_is_tried_three_times(
    webhook: responses.RequestsMock, trouble: type[requests.RequestException]
) -> None:
    webhook.post(URL, body=trouble(f"failed to reach {URL}"))
    assert notify(URL, {}) == f"the webhook was not reached ({trouble.__name__})"
    assert len(webhook.calls) == 3


def test_the_second_try_may_succeed(webhook: responses.RequestsMock) -> None:
    webhook.post(URL, body=requests.ConnectionError())
    webhook.post(URL)
    assert notify(URL, {}) == ""
    assert len(webhook.calls) == 2


@pytest.mark.parametrize(
    "url", [f"https://[{TOKEN}", f"https://{'x' * 300}.example.org/{TOKEN}", f"nope://{TOKEN}"]
)
def test_an_address_that_is_none_fails_nothing(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(room._post.retry, "wait", wait_none())
    with responses.RequestsMock() as nowhere:
        trouble = notify(url, {})
        assert len(nowhere.calls) <= 3
    assert trouble.startswith("the webhook was not reached")


@pytest.mark.parametrize(
    "body",
    [requests.ConnectionError(URL), requests.TooManyRedirects(URL), requests.HTTPError(URL)],
    ids=lambda problem: type(problem).__name__,
)
def test_the_address_is_never_told(
    webhook: responses.RequestsMock, body: requests.RequestException
) -> None:
    if isinstance(body, requests.HTTPError):
        webhook.post(URL, status=500, body=URL)
    else:
        webhook.post(URL, body=body)
    trouble = notify(URL, {})
    assert trouble
    assert TOKEN not in trouble
    assert "example.org" not in trouble
