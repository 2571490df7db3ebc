"""HTTP over channels: the engine's API and the gateway's private port, without a port of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import urllib3.connection
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

    Opening = Callable[[], paramiko.Channel]


class _Connection(urllib3.connection.HTTPConnection):
    """Its socket is a channel, which behaves like one."""

    opening: Opening

    def _new_conn(self) -> Any:  # noqa: ANN401 - urllib3 says socket, and uses a part of one
        try:
            return self.opening()
        except OSError as problem:
            raise urllib3.exceptions.NewConnectionError(self, str(problem)) from None


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    def __init__(self, opening: Opening, maxsize: int) -> None:
        super().__init__("localhost", maxsize=maxsize, block=True)
        self._opening = opening

    def _new_conn(self) -> _Connection:
        connection = _Connection(self.host, self.port, timeout=self.timeout.connect_timeout)
        connection.opening = self._opening
        return connection


class ChannelAdapter(HTTPAdapter):
    """Sends every request through channels that `opening` makes, `at_most` at once."""

    def __init__(self, opening: Opening, at_most: int) -> None:
        super().__init__()
        self._pool = _Pool(opening, at_most)

    def get_connection_with_tls_context(self, *_args: object, **_named: object) -> _Pool:
        """The one pool, whatever the address: the channel leads to one place."""
        return self._pool

    def request_url(self, request: Any, _proxies: object) -> str:  # noqa: ANN401 - as requests does
        """Never through a proxy of the laptop."""
        return str(request.path_url)

    def close(self) -> None:
        self._pool.close()
