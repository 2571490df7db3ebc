"""An ACME server that does not do its part: told in words, and the certificate stays."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, cast

import pytest

from pyhelpers.certs.authority import STAYS, Authority, new_account_key
from pyhelpers.errors import FailedBeforeSwitch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pyhelpers.certs.authority import Proof

ANSWER_S = 0.3
NOBODY = cast("Proof", None)


def issued(url: str) -> str:
    authority = Authority(url, new_account_key(), None, answer_s=ANSWER_S)
    return authority.issue(b"", NOBODY, None)


def advised(url: str) -> float | None:
    return Authority(url, new_account_key(), None, answer_s=ANSWER_S).renewal("")


@contextmanager
def silent() -> Iterator[str]:
    """Takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}/dir"


@contextmanager
def away() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"https://127.0.0.1:{port}/dir"


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/dir"
        server.shutdown()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (silent, "it does not answer"),
        (away, "it cannot be reached: .*refused"),
        (partial(answering, 503, b"later"), "503|JSON"),
        (partial(answering, 200, b"<html>"), "Error"),
    ],
    ids=["silent", "away", "overloaded", "another server"],
)
def test_it_is_told_in_words_and_what_is_there_stays(
    place: Callable[[], AbstractContextManager[str]], told: str
) -> None:
    with place() as url, pytest.raises(FailedBeforeSwitch, match=told) as failed:
        issued(url)
    assert url in failed.value.error
    assert failed.value.state == STAYS
    assert "\n" not in failed.value.error


@pytest.mark.parametrize("place", [silent, away], ids=["silent", "away"])
def test_its_advice_is_not_waited_for(place: Callable[[], AbstractContextManager[str]]) -> None:
    """Two thirds of the lifetime count then."""
    with place() as url:
        assert advised(url) is None
