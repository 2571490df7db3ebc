"""A real server in a container (protostar/server:trixie), and a `Host` on it by `docker exec`."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, cast

from pyhelpers.hosts.local import LocalHost
from pyhelpers.hosts.protocol import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePosixPath

    from docker.models.containers import Container

    from docker import DockerClient
    from pyhelpers.hosts.protocol import Channel, Host

IMAGE = "protostar/server:trixie"
UP_S = 60


def start_server(docker: DockerClient, network: str, environment: Mapping[str, str]) -> Container:
    """`docker rm --force --volumes` is the caller's."""
    return docker.containers.run(
        IMAGE,
        detach=True,
        privileged=True,
        network=network,
        environment=dict(environment),
        labels={"org.protostar.test": "server"},
    )


def address(container: Container) -> str:
    container.reload()
    networks = container.attrs["NetworkSettings"]["Networks"]
    return str(next(iter(networks.values()))["IPAddress"])


class ServerHost:
    """Commands run inside the container as `user`; only what needs no connection of its own."""

    def __init__(self, container: Container, root: PurePosixPath, user: str = "root") -> None:
        self.name = "a5"
        self.root = root
        self.container = container
        self._here = LocalHost("here", root)
        self._exec = ["docker", "exec", "--interactive", "--user", user, str(container.name)]

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        typed = [*self._exec, *argv]
        done = self._here.run(typed, deadline_s=deadline_s, stdin=stdin, on_line=on_line)
        return Finished(tuple(argv), done.status, done.out, done.err)

    @property
    def host(self) -> Host:
        """For what only runs and reads; a connection of its own it has none."""
        return cast("Host", self)

    def load(self, image: str) -> None:
        """The image of this engine, to the server's."""
        pipe = f'docker save "$1" | {shlex.join(self._exec)} docker load'
        assert self._here.run(["sh", "-c", pipe, "load", image], deadline_s=UP_S).ok

    def shell(self, script: str) -> str:
        done = self.run(["sh", "-c", script], deadline_s=UP_S)
        assert done.ok, done.err
        return done.out.strip()

    def await_engine(self) -> None:
        deadline = time.monotonic() + UP_S
        while not self.run(["docker", "info"], deadline_s=10).ok:
            assert time.monotonic() < deadline, "the server's engine does not start"
            time.sleep(0.2)

    def start(self, argv: Sequence[str]) -> Channel:
        return self._here.start([*self._exec, *argv])

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        done = self.run(["tail", "-c", str(limit_bytes), str(path)], deadline_s=10)
        return done.out.encode() if done.ok else None

    def names(self, path: PurePosixPath) -> frozenset[str]:
        return frozenset(self.run(["ls", "-A", str(path)], deadline_s=10).out.split())
