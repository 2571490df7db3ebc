"""One POST to the team's webhook on a refusal or a flip-back. It never fails a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Mapping

DEADLINE_S = 5.0
RETRIED = (requests.ConnectionError, requests.Timeout)


def notify(url: str, message: Mapping[str, object]) -> str:
    """Post `message` as JSON. Returns what went wrong, without the URL: it may hold a token."""
    try:
        _post(url, message)
    except requests.HTTPError as problem:
        return f"the webhook answered {problem.response.status_code}"
    except requests.RequestException as problem:
        return f"the webhook was not reached ({type(problem).__name__})"
    return ""


@retry(
    retry=retry_if_exception_type(RETRIED),
    stop=stop_after_attempt(3),
    wait=wait_fixed(0.5),
    reraise=True,
)
def _post(url: str, message: Mapping[str, object]) -> None:
    requests.post(url, json=dict(message), timeout=DEADLINE_S).raise_for_status()
