"""The engine's API in memory: the handful of calls that the deploy reads with."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.model.edge import Edge
    from tests.model.engine import Container, Image
    from tests.model.machine import Machine

NETWORK = "protostar_edge"
LAST_WORDS = b"I cannot find my database\n"


class MemoryDocker:
    """`docker.DockerClient`, as far as the deploy uses it."""

    def __init__(self, machine: Machine, edge: Edge) -> None:
        self.api = MemoryApi(machine, edge)


class MemoryApi:
    def __init__(self, machine: Machine, edge: Edge) -> None:
        self._machine, self._edge = machine, edge
        self.streams: list[LogStream] = []
        self.follower_came = threading.Event()

    def ping(self) -> bool:
        return True

    def info(self) -> dict[str, Any]:
        return {"DockerRootDir": "/var/lib/docker"}

    def version(self) -> dict[str, Any]:
        return {"Version": "28.5.2", "Arch": "amd64"}

    def containers(self, *, filters: dict[str, list[str]], **which: bool) -> list[dict[str, Any]]:
        """All of them, or, without `all`, those that run."""
        wanted = dict(label.split("=") for label in filters["label"])
        found = self._machine.engine.containers.values()
        asked = [c for c in found if c.running or which.get("all")]
        return [
            {"Id": c.id, "Names": [f"/{c.name}"], "Labels": _labels(c)}
            for c in asked
            if wanted.items() <= _labels(c).items()
        ]

    def inspect_container(self, name: str) -> dict[str, Any]:
        found = self._machine.engine.named(name)
        if found is None:
            raise NotFound(f"No such container: {name}")
        return _inspected(found)

    def inspect_network(self, name: str) -> dict[str, Any]:
        assert name == NETWORK
        running = [c for c in self._machine.engine.containers.values() if c.running]
        return {"Containers": {c.id: {"Name": c.name} for c in running}}

    def inspect_image(self, name: str) -> dict[str, Any]:
        found = self._machine.engine.image(name)
        if found is None:
            raise ImageNotFound(f"No such image: {name}")
        return {"Id": found.id, "Architecture": found.architecture, "Size": found.size_bytes}

    def inspect_distribution(self, name: str) -> dict[str, Any]:
        found = self._machine.engine.registry.get(name)
        if found is None:
            raise NotFound(f"manifest unknown: {name}")
        return {"Descriptor": {"digest": found.id}, "Platforms": [_platform(found)]}

    def logs(self, container: str, **wanted: Any) -> Any:
        if not wanted.get("stream"):
            return LAST_WORDS
        if not wanted["follow"]:
            return iter(list(self._edge.lines(wanted["since"], wanted["until"])))
        stream = LogStream(self._edge, wanted["since"])
        self.streams.append(stream)
        self.follower_came.set()
        return stream

    def end_streams(self) -> None:
        """The deployer's process has ended, and its connections with it."""
        for stream in self.streams:
            stream.close()
        self.streams.clear()


class LogStream:
    """A log that is followed by another thread; time goes on only when that one has read it all."""

    def __init__(self, edge: Edge, since_s: float) -> None:
        self._lines = edge.lines
        self._read_until_s = since_s
        self._ready: list[bytes] = []
        self._changed = threading.Condition()
        self._hungry = self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._changed:
            self._hungry = True
            self._changed.notify_all()
            while not self._ready and not self._closed:
                self._changed.wait()
            if self._closed:
                raise StopIteration
            self._hungry = False
            chunk = b"".join(self._ready)
            self._ready.clear()
            return chunk

    def feed(self, now_s: float) -> None:
        """Hand over what was logged since, and wait until the reader asks for more."""
        fresh = list(self._lines(self._read_until_s, now_s))
        self._read_until_s = now_s + 1e-6
        with self._changed:
            self._ready += fresh
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or (self._hungry and not self._ready))

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _labels(container: Container) -> dict[str, str]:
    ours = {"service": container.service, "colour": container.colour, "release": container.release}
    labels = {f"org.protostar.{key}": value for key, value in ours.items()}
    return labels | {"com.docker.compose.oneoff": str(container.one_off)}


def _inspected(container: Container) -> dict[str, Any]:
    return {
        "Id": container.id,
        "Name": f"/{container.name}",
        "Config": {"Labels": _labels(container)},
        "NetworkSettings": {"Networks": {NETWORK: {"IPAddress": container.address}}},
        "State": {
            "Running": container.running,
            "Restarting": False,
            "Status": "running" if container.running else "exited",
            "ExitCode": container.exit_code,
        },
        "RestartCount": container.restarts,
    }


def _platform(image: Image) -> dict[str, str]:
    return {"architecture": image.architecture, "os": "linux"}
