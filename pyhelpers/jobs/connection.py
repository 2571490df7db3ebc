"""HTTP to one Jenkins: one session, one deadline for each request, the crumb.

Not python-jenkins: it makes one exception of 401, 403 and 500 and drops X-Required-Permission,
asks before it creates, keeps a crumb that has expired, and has no deadline unless it is told.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import HTTPBasicAuth

from pyhelpers.errors import Unreachable
from pyhelpers.jobs import answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.config.secret import Secret

CONNECT_S = 5.0
MAX_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_CRUMB = "/crumbIssuer/api/json"
# Of the page: every other page of Jenkins has breadcrumbs.
_NO_CRUMB = b"No valid crumb"
_AGAIN = "the same command again"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where Jenkins is, and who asks. `deadline_s`: for one request, from sending to the end."""

    url: str
    user: str
    token: Secret
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Cut(Unreachable):
    """The connection ended within a request: whether it was done is not known."""


class TimedOut(Unreachable):
    """No whole answer within the deadline: whether it was done is not known."""


class Connection:
    """Counts its `requests`, and those of them that change something as `writes`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = requests.Session()
        # In bytes: as text it would have to be Latin-1.
        self._session.auth = HTTPBasicAuth(settings.user.encode(), settings.token.reveal().encode())
        self._crumb: dict[str, str] | None = None
        self.requests = 0
        self.writes = 0

    def get(self, path: str, what: str) -> bytes:
        """Raises the error of any answer but 200. A connection that was cut is tried once more."""
        try:
            answer = self._send("GET", path, what)
        except Cut:
            # Keep-alive ends when the server says so, perhaps just now.
            answer = self._send("GET", path, what)
        if answer.status != answers.OK:
            raise answers.problem(answer.status, answer.headers, what)
        return answer.body

    def post(self, path: str, what: str, body: str = "") -> None:
        """Raises the error of any answer that is not a success.

        Sent again only with a new crumb, when it was refused for the old one: nothing was done.
        """
        answer = self._post(path, what, body)
        if answer.status == answers.FORBIDDEN and _NO_CRUMB in answer.body:
            self._crumb = None
            answer = self._post(path, what, body)
        if not _is_done(answer, path):
            raise answers.problem(answer.status, answer.headers, what)

    def _post(self, path: str, what: str, body: str) -> Answer:
        self.writes += 1
        headers = {"Content-Type": "application/xml; charset=utf-8", **self._crumb_header()}
        return self._send("POST", path, what, headers, body.encode())

    def _crumb_header(self) -> dict[str, str]:
        """Bound to the session's cookie. A Jenkins without protection against forgery has none."""
        if self._crumb is None:
            answer = self._send("GET", _CRUMB, "get a crumb")
            if answer.status not in (answers.OK, answers.NOT_FOUND):
                raise answers.problem(answer.status, answer.headers, "get a crumb")
            self._crumb = _crumb(answer)
        return self._crumb

    def _send(
        self,
        method: str,
        path: str,
        what: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        self.requests += 1
        until = time.monotonic() + self._settings.deadline_s
        try:
            with self._session.request(
                method,
                self._settings.url.rstrip("/") + path,
                headers=headers,
                data=body or None,
                timeout=(CONNECT_S, self._settings.deadline_s),
                # A POST that is led on would arrive as a GET, and look like a success.
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, response.headers, _whole(response, until))
        except (requests.RequestException, urllib3.exceptions.HTTPError, _TooLong) as wrong:
            # From None: the cause holds the address, and with some proxies who asked.
            raise self._failure(wrong, what) from None

    def _failure(self, wrong: Exception, what: str) -> Unreachable:
        deadline_s = self._settings.deadline_s
        where = urlsplit(self._settings.url).netloc
        if isinstance(wrong, requests.exceptions.SSLError):
            error = f"cannot {what}: the certificate of {where} is not trusted"
            return Unreachable(error=error, try_="set REQUESTS_CA_BUNDLE to your authority's file")
        if isinstance(wrong, requests.ConnectTimeout) or _was_never_open(wrong):
            return Unreachable(error=f"cannot {what}: nothing answers at {where}", try_=_AGAIN)
        if isinstance(wrong, _TIME_OUTS):
            error = f"cannot {what}: no whole answer within {deadline_s:g} s"
            return TimedOut(error=error, try_=_AGAIN)
        return Cut(error=f"cannot {what}: {where} closed the connection", try_=_AGAIN)


class _TooLong(Exception):
    """The answer trickles, or does not end."""


_TIME_OUTS = (requests.Timeout, urllib3.exceptions.TimeoutError, _TooLong)


def _whole(response: requests.Response, until: float) -> bytes:
    """What comes is looked at as it comes, so that one byte a second is no answer either."""
    chunks: list[bytes] = []
    size_bytes = 0
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        size_bytes += len(chunk)
        if time.monotonic() > until or size_bytes > MAX_BYTES:
            raise _TooLong
    return b"".join(chunks)


def _was_never_open(wrong: Exception) -> bool:
    reason = getattr(next(iter(wrong.args), None), "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _crumb(answer: Answer) -> dict[str, str]:
    if answer.status == answers.NOT_FOUND:
        return {}
    told = answers.json_of(answer.body, "get a crumb")
    return {str(told.get("crumbRequestField", "")): str(told.get("crumb", ""))}


def _is_done(answer: Answer, path: str) -> bool:
    """200, or on to the item's page. On to the same path elsewhere, or to a login, is neither."""
    if answer.status != answers.FOUND:
        return answer.status == answers.OK
    to = urlsplit(answer.headers.get("Location", "")).path
    is_login = to.endswith("/login") and "/job/" not in to
    return not to.endswith(path.partition("?")[0]) and not is_login
