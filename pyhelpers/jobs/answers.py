"""An answer of Jenkins that is not the wanted one → what a person is told. Pure.

What each answer means was recorded from a controller of version 2.504.3. Nothing of an answer's
body is shown: an error page is 75 kB of HTML.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING

from pyhelpers.errors import PreflightError, ProtostarError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = 200
FOUND = 302
NO_CONTENT = 204
FORBIDDEN = 403
NOT_FOUND = 404
_SET = "set JENKINS_USER and JENKINS_TOKEN"
_STARTING = "Jenkins is starting, restarting or going down (503)"


class NotFound(PreflightError):
    """404: there is no such item, or the user may not see it."""


class Forbidden(PreflightError):
    """403: the user is known, and may not."""


class ServerFailed(Unreachable):
    """5xx."""


def problem(status: int, headers: Mapping[str, str], what: str) -> ProtostarError:
    """`what`: what was asked, as in "create protostar/api"."""
    if status in _FIXED:
        kind, words, try_ = _FIXED[status]
        return kind(error=f"cannot {what}: {words}", try_=try_)
    if status == FORBIDDEN:
        return _forbidden(headers, what)
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's own classes
        return _moved(headers, what)
    said = _said(headers.get("X-Error", ""))
    words = f"Jenkins refuses it: {said}" if said else f"Jenkins answered {status}"
    return PreflightError(error=f"cannot {what}: {words}", try_="protostar jobs plan")


def json_of(body: bytes, what: str) -> dict[str, object]:
    """Raises `PreflightError` for what is no JSON object: then it is no Jenkins that answers."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        error = f"cannot {what}: what answers there is no Jenkins"
        raise PreflightError(error=error, try_="set JENKINS_URL to where Jenkins answers")
    return told


def _forbidden(headers: Mapping[str, str], what: str) -> ProtostarError:
    user = headers.get("X-You-Are-Authenticated-As", "")
    permission = headers.get("X-Required-Permission", "")
    who = f"the user {user}" if user and user != "anonymous" else "this user"
    if permission:
        words = f"{who} lacks the permission {permission}"
        try_ = f"give it {_in_the_matrix(permission)} in Jenkins's authorization"
    else:
        words, try_ = f"{who} may not, or is not signed in (403)", _SET
    return Forbidden(error=f"cannot {what}: {words}", try_=try_)


def _in_the_matrix(permission: str) -> str:
    """`hudson.model.Item.Create` → Job/Create, as the matrix of permissions shows it."""
    owner, _, name = permission.rpartition(".")
    group = {"Item": "Job", "Hudson": "Overall", "CredentialsProvider": "Credentials"}
    last = owner.rpartition(".")[2]
    return f"{group.get(last, last)}/{name}"


def _moved(headers: Mapping[str, str], what: str) -> ProtostarError:
    to = re.sub(r"(://[^/?#]*).*", r"\1", re.sub(r"://[^/@]*@", "://", headers.get("Location", "")))
    words = f"this address leads on to {to or 'nowhere'}"
    return PreflightError(
        error=f"cannot {what}: {words}", try_="set JENKINS_URL to where Jenkins answers by itself"
    )


def _said(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(text)).strip()[:200]


_FIXED: dict[int, tuple[type[ProtostarError], str, str]] = {
    401: (PreflightError, "Jenkins does not know this user, or the token is not its (401)", _SET),
    404: (NotFound, "there is none, or this user may not see it (404)", "protostar jobs plan"),
    500: (
        ServerFailed,
        "Jenkins failed at it (500); its own log says why",
        "look into Jenkins's log, then the same command again",
    ),
    502: (ServerFailed, "a proxy does not reach Jenkins (502)", "the same command again"),
    503: (ServerFailed, _STARTING, "the same command again, in a minute"),
    504: (ServerFailed, "a proxy waited too long for Jenkins (504)", "the same command again"),
}
