"""The one location of path B that anybody may ask: a git server tells of a push."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from .files import GRAFANA, S3, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .installation import Installation

pytestmark = pytest.mark.e2e

# A client's second is over: what it may send at once has filled up again.
BREATH_S = 11.0


@pytest.fixture
def rested() -> Iterator[None]:
    """Before a test that sends too much, and after it."""
    time.sleep(BREATH_S)
    yield
    time.sleep(BREATH_S)


def stranger(
    at: Installation, *requests: str, name: str = GRAFANA, host: str = ""
) -> list[tuple[int, str]]:
    """Status and body of each, over one connection: who may connect to the proxy, and no admin."""
    heads = [f"{each}\r\nHost: {host or name}" for each in requests]
    last = [f"{head}\r\nConnection: close" for head in heads[-1:]]
    sent = "".join(f"{head}\r\n\r\n" for head in [*heads[:-1], *last])
    argv = ["openssl", "s_client", "-quiet", "-connect", f"{at.proxy}:443", "-servername", name]
    told = at.inside("centre", *argv, stdin=sent).stdout
    parts = re.split(r"HTTP/1\.1 (\d+) ", told)[1:]
    return [(int(s), text.partition("\n\n")[2]) for s, text in zip(*[iter(parts)] * 2, strict=True)]


def post(path: str = WEBHOOK) -> str:
    return f"POST {path} HTTP/1.1\r\nContent-Length: 0"


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1"


def statuses(at: Installation, *requests: str, name: str = GRAFANA) -> list[int]:
    return [status for status, _ in stranger(at, *requests, name=name)]


def test_a_push_arrives_from_anybody(at: Installation) -> None:
    ((status, body),) = stranger(at, post(f"{WEBHOOK}?token=x"))
    assert status == 200
    assert f'"asked": "{WEBHOOK}?token=x"' in body


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_a_push(at: Installation, method: str) -> None:
    assert statuses(at, f"{method} {WEBHOOK} HTTP/1.1") == [403]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/script",
        "/login",
        "/hooks/",
        f"{WEBHOOK}/",
        f"{WEBHOOK}/../script",
        f"{WEBHOOK}/%2e%2e/script",
        f"{WEBHOOK};/../script",
        f"{WEBHOOK}x",
        f"/x{WEBHOOK}",
        "/Hooks/Invoke",
    ],
)
def test_everything_else_stays_closed(at: Installation, path: str) -> None:
    assert statuses(at, post(path), get(path)) == [403, 403]


@pytest.mark.parametrize(
    "path", [f"//{WEBHOOK.strip('/')}", f"/script/..{WEBHOOK}", "/h%6foks/invoke", f"/.{WEBHOOK}"]
)
def test_however_it_is_written_the_tool_is_asked_for_this_path_alone(
    at: Installation, path: str
) -> None:
    for status, body in stranger(at, post(path)):
        assert status == 403 or f'"asked": "{WEBHOOK}"' in body


def test_it_is_open_under_that_tools_name_only(at: Installation) -> None:
    assert statuses(at, post(), name=S3) == [403]


def test_one_client_that_calls_too_often_is_told_to_wait(at: Installation, rested: None) -> None:
    told = statuses(at, *[post()] * 20)
    assert told[:10] == [200] * 10
    assert set(told[11:]) == {429}
    time.sleep(BREATH_S)
    assert statuses(at, post()) == [200]


def test_a_body_larger_than_a_push_is_refused(at: Installation) -> None:
    assert statuses(at, f"POST {WEBHOOK} HTTP/1.1\r\nContent-Length: 2000000") == [413]


def test_a_callers_secret_is_in_no_log(at: Installation, rested: None) -> None:
    """Also not of the calls that are refused: nginx's error log shows the request line."""
    path = f"{WEBHOOK}?token=whispered"
    asked = [post(path)] * 20 + [get(path)]
    assert 429 in statuses(at, *asked)
    logs = ["docker", "logs", at.name("centre")]
    told = subprocess.run(logs, capture_output=True, text=True, check=True, timeout=30)
    assert "whispered" not in told.stdout + told.stderr
    hits = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    assert {hit["uri"] for hit in hits if hit["status"] == 429} == {WEBHOOK}
