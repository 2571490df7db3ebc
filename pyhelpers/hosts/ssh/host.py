"""`Host` over SSH: one connection for commands, files, the engine, HTTP and forwarded ports."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.ssh import command, engine
from pyhelpers.hosts.ssh.address import Wanted, hops, read_config
from pyhelpers.hosts.ssh.channels import Channels
from pyhelpers.hosts.ssh.connect import close, connect
from pyhelpers.hosts.ssh.files import Files
from pyhelpers.hosts.ssh.forward import Forwards
from pyhelpers.hosts.ssh.http import ChannelAdapter
from pyhelpers.hosts.ssh.lines import Lines
from pyhelpers.hosts.ssh.pulse import Pulse, Requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import PurePosixPath

    import paramiko

    from docker import DockerClient
    from pyhelpers.hosts.protocol import Finished, Line
    from pyhelpers.hosts.ssh.address import Hop

ENGINE_DEADLINE_S = 20.0
# One to ask with; a second would only wait for the first at the gateway.
GATEWAY_CONNECTIONS = 1
# After a failed attempt to connect again, how long nobody tries: each caller would wait in turn.
QUIET_S = 5.0
SSH_CONFIG, KEY = "PROTOSTAR_SSH_CONFIG", "PROTOSTAR_SSH_KEY"


def way(wanted: Wanted) -> tuple[Hop, ...]:
    """With what ssh_config and the environment add. Raises `ConfigurationError`."""
    path = Path(os.environ.get(SSH_CONFIG) or "~/.ssh/config").expanduser()
    return hops(wanted, read_config(path), os.environ.get(KEY, ""))


class _Connection:
    """What lives as long as one connection."""

    def __init__(self, name: str, transports: tuple[paramiko.Transport, ...]) -> None:
        self.transports = transports
        transport = transports[-1]
        self.channels = Channels(name, transport)
        self.files = Files(name, self.channels, self._run)
        asked = Requests(transport)
        self.forwards = Forwards(name, transport, asked)
        self.pulse = Pulse(transport, asked, self.channels.given_up)
        self.docker: DockerClient | None = None

    def _run(self, argv: Sequence[str], **named: object) -> Finished:
        return command.run(self.channels, argv, **named)  # type: ignore[arg-type]  # handed on

    @property
    def alive(self) -> bool:
        return bool(self.transports[-1].is_active())

    def close(self) -> None:
        if self.docker is not None:
            self.docker.close()
        close(self.transports)


class SshHost:
    """Connects with the first call, and again when the connection was cut in between."""

    def __init__(self, name: str, root: PurePosixPath, wanted: Wanted) -> None:
        self.name = name
        self.root = root
        self._wanted = wanted
        self._lock = threading.RLock()
        self._connection: _Connection | None = None
        self._failed: tuple[float, Unreachable] | None = None
        self._gateways: dict[int, ChannelAdapter] = {}
        self.handshakes = 0

    @property
    def _line(self) -> _Connection:
        with self._lock:
            if self._connection is None or not self._connection.alive:
                self._connection = self._connected()
            return self._connection

    def _connected(self) -> _Connection:
        if self._failed is not None and time.monotonic() - self._failed[0] < QUIET_S:
            raise self._failed[1]
        if self._connection is not None:
            self._connection.close()
        try:
            transports = connect(way(self._wanted))
        except Unreachable as problem:
            self._failed = (time.monotonic(), problem)
            raise
        self.handshakes += len(transports)
        return _Connection(self.name, transports)

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        chunks = (stdin,) if stdin else ()
        return command.run(
            self._line.channels, argv, deadline_s=deadline_s, stdin=chunks, on_line=on_line
        )

    def start(self, argv: Sequence[str]) -> Lines:
        return Lines(self._line.channels, argv)

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        return self._line.files.read(path, limit_bytes)

    def names(self, path: PurePosixPath) -> frozenset[str]:
        return self._line.files.names(path)

    def size(self, path: PurePosixPath) -> int | None:
        return self._line.files.size(path)

    def put(self, path: PurePosixPath, data: bytes, mode: int = 0o644) -> None:
        self._line.files.put(path, data, mode)

    def append(self, path: PurePosixPath, chunks: Iterable[bytes], *, at: int) -> None:
        self._line.files.append(path, chunks, at)

    def docker(self) -> DockerClient:
        line = self._line
        with self._lock:
            if line.docker is None:
                line.docker = engine.client(line.channels, ENGINE_DEADLINE_S)
            return line.docker

    def session(self, port: int) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self._gateway(port))
        return session

    def _gateway(self, port: int) -> ChannelAdapter:
        """One a port, however many services ask there: each has its channel open for long."""
        with self._lock:
            if port not in self._gateways:
                self._gateways[port] = ChannelAdapter(
                    lambda: self._line.channels.to_port(port), GATEWAY_CONNECTIONS
                )
            return self._gateways[port]

    def exposed(self, handler: Callable[[Line], None]) -> AbstractContextManager[int]:
        return self._line.forwards.exposed(handler)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
