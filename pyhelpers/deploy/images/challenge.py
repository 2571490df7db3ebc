"""A registry's 401 → what to send with the next request."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from pyhelpers.deploy.images.credentials import Credentials

TOKEN_DEADLINE_S = 15.0
CLIENT_ID = "protostar"


def authorization(session: requests.Session, wanted: str, known: Credentials | None) -> str:
    """The Authorization header that a WWW-Authenticate header asks for; "" when we have nothing.

    Raises `RequestException` when the token's server does not answer.
    """
    scheme, _, rest = wanted.partition(" ")
    if scheme.lower() == "bearer":
        return f"Bearer {_token(session, parse_keqv_list(parse_http_list(rest)), known)}"
    if scheme.lower() == "basic" and known is not None:
        return f"Basic {_basic(known)}"
    return ""


def _basic(known: Credentials) -> str:
    return base64.b64encode(f"{known.username}:{known.password}".encode()).decode()


def _token(session: requests.Session, asked: Mapping[str, str], known: Credentials | None) -> str:
    """For this scope only; without credentials, as anybody gets it."""
    realm = asked.get("realm", "")
    query = {key: asked[key] for key in ("service", "scope") if key in asked}
    # Never a secret in clear to somebody whom the registry merely names.
    safe = known if known is not None and _is_safe(realm) else None
    if safe is not None and safe.identity_token:
        form = {
            **query,
            "grant_type": "refresh_token",
            "refresh_token": safe.identity_token,
            "client_id": CLIENT_ID,
        }
        answer = session.post(realm, data=form, timeout=TOKEN_DEADLINE_S)
    else:
        headers = {"Authorization": f"Basic {_basic(safe)}"} if safe else {}
        answer = session.get(realm, params=query, headers=headers, timeout=TOKEN_DEADLINE_S)
    return _token_in(answer)


def _is_safe(realm: str) -> bool:
    url = urlsplit(realm)
    return url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1", "::1")


def _token_in(answer: requests.Response) -> str:
    """Empty when there is none: the registry then refuses, and says so better than we could."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("token") or told.get("access_token") or "")
