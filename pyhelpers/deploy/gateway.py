"""The gateway's private listener, and its access log: how traffic sees a colour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

from pyhelpers.deploy.model import Answer, GatewayFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.config.model import Gateway as GatewaySettings
    from pyhelpers.config.model import Service
    from pyhelpers.deploy.model import Colour
    from pyhelpers.hosts.protocol import Host

DEADLINE_S = 1.5


class Gateway:
    """Asks the gateway of one host about one service."""

    def __init__(self, host: Host, settings: GatewaySettings, name: str, service: Service) -> None:
        self.network = settings.network
        self._base = f"http://127.0.0.1:{settings.private_port}"
        self._name = name
        self._service = service
        self._kept_alive = host.session(settings.private_port)

    def facts(self) -> GatewayFacts | None:
        """What it has loaded; None when it does not answer."""
        try:
            answer = self._kept_alive.get(f"{self._base}/-/gateway", timeout=DEADLINE_S).json()
            return GatewayFacts(answer["nginx"], answer["services"])
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return None

    def probe(self, colour: Colour) -> Answer:
        """The ready path of one colour, whichever is live."""
        return self._ask(f"/-/probe/{self._name}/{colour}{self._service.ready.path}")

    def live(self, *, new_connection: bool = False) -> Answer:
        """The ready path of the live colour, as the marker decides it at this request."""
        path = f"/-/live/{self._name}{self._service.ready.path}"
        return self._ask(path, new_connection=new_connection)

    def _ask(self, path: str, *, new_connection: bool = False) -> Answer:
        headers = {"Connection": "close"} if new_connection else {}
        url = self._base + path
        try:
            response = self._kept_alive.get(
                url, headers=headers, timeout=DEADLINE_S, allow_redirects=False
            )
        except requests.RequestException as problem:
            return Answer(0, "", "", "", problem=type(problem).__name__)
        return self._answer(response)

    def _answer(self, response: requests.Response) -> Answer:
        header = self._service.ready.release_header
        return Answer(
            status=response.status_code,
            release=response.headers.get(header, "") if header else "",
            address=_last_address(response.headers.get("X-Upstream-Addr", "")),
            colour=response.headers.get("X-Colour", ""),
            body=_object(response),
        )

    def close(self) -> None:
        self._kept_alive.close()


def _last_address(upstream: str) -> str:
    """Nginx lists every server it tried: '172.18.0.4:3000, 172.18.0.5:3000'."""
    last = upstream.rsplit(",", maxsplit=1)[-1].strip()
    host, colon, _ = last.rpartition(":")
    return host if colon else ""


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return _unwrapped(body) if isinstance(body, dict) else {}


def _unwrapped(body: dict[str, Any]) -> dict[str, Any]:
    """Services that answer in an envelope {resultCode, data, message} mean what is in it."""
    data = body.get("data")
    return data if "resultCode" in body and isinstance(data, dict) else body


def log_lines(
    host: Host, container: str, *, since: float, tail: int, until: float | None = None
) -> Iterator[dict[str, Any]]:
    """The gateway's access log, a dict a line, of its last `tail` lines those after `since`.

    Times are epoch seconds. Follows for ever without `until`.
    """
    api: Any = host.docker().api
    span = {"since": since} if until is None else {"since": since, "until": until}
    stream = api.logs(
        container, stdout=True, stderr=False, stream=True, follow=until is None, tail=tail, **span
    )
    rest = b""
    for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, map(_line, lines))


def _line(raw: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None
