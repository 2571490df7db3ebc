"""HTTP over channels: the engine's API and the gateway's private port, without a port of ours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import urllib3.connection
import urllib3.connectionpool
from requests import ConnectionError  # noqa: A004 - what callers of requests expect
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko
    from requests import PreparedRequest, Response

    Opening = Callable[[], paramiko.Channel]

# Whoever holds a channel so long holds it for good, and perhaps waits for the one who waits.
FREE_S = 30.0


class _Connection(urllib3.connection.HTTPConnection):
    """Its socket is a channel, which behaves like one."""

    opening: Opening

    def _new_conn(self) -> Any:  # noqa: ANN401 - urllib3 says socket, and uses a part of one
        try:
            return self.opening()
        except OSError as problem:
            raise urllib3.exceptions.NewConnectionError(self, str(problem)) from None


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    def __init__(self, opening: Opening, maxsize: int, free_s: float) -> None:
        super().__init__("localhost", maxsize=maxsize, block=True)
        self._opening, self._free_s = opening, free_s

    def _new_conn(self) -> _Connection:
        connection = _Connection(self.host, self.port, timeout=self.timeout.connect_timeout)
        connection.opening = self._opening
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - as urllib3 has it
        return super()._get_conn(self._free_s if timeout is None else timeout)


class ChannelAdapter(HTTPAdapter):
    """Sends every request through channels that `opening` makes, `at_most` at once.

    Several sessions may share it: closing it lets go of the channels that nobody uses now.
    """

    def __init__(self, opening: Opening, at_most: int, free_s: float = FREE_S) -> None:
        super().__init__()
        self._made = partial(_Pool, opening, at_most, free_s)
        self._pool = self._made()

    def send(self, request: PreparedRequest, *args: Any, **named: Any) -> Response:  # noqa: ANN401 - handed on
        """Raises requests' `ConnectionError` also when no channel becomes free in time.

        And when the line goes while a request is written: then paramiko says EOFError.
        """
        try:
            return super().send(request, *args, **named)
        except (urllib3.exceptions.EmptyPoolError, EOFError) as problem:
            raise ConnectionError(problem, request=request) from None

    def get_connection_with_tls_context(self, *_args: object, **_named: object) -> _Pool:
        """The one pool, whatever the address: the channel leads to one place."""
        return self._pool

    def request_url(self, request: Any, _proxies: object) -> str:  # noqa: ANN401 - as requests does
        """Never through a proxy of the laptop."""
        return str(request.path_url)

    def close(self) -> None:
        before, self._pool = self._pool, self._made()
        before.close()
