"""A host, its engine, its guard's line and its gateway, in memory and written by hand."""

from __future__ import annotations

import queue
from collections import deque
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import requests
import responses
from docker.errors import APIError, ImageNotFound, NotFound

from pyhelpers.deploy.gateway import Gateway
from pyhelpers.deploy.guard import Guard
from pyhelpers.deploy.run import Run
from pyhelpers.hosts import loopback
from pyhelpers.hosts.protocol import ChannelClosed, Finished
from tests.unit.deploy import builders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from requests import PreparedRequest

    from docker import DockerClient
    from pyhelpers.deploy.model import Container, Plan, Step
    from pyhelpers.hosts import protocol
    from pyhelpers.hosts.protocol import Channel

ROOT = PurePosixPath("/srv/protostar")
NETWORK = "protostar_edge"


class StoppedClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class Engine:
    """The engine's low-level client, as far as the deploy reads from it."""

    def __init__(self, containers: Sequence[Container] = ()) -> None:
        self.up = True
        self.found = list(containers)
        self.running_hooks: list[str] = []
        self.neighbours: list[str] = []
        self.others: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.registry: dict[str, dict[str, Any] | APIError] = {}
        self.log_bytes = b"the last line\n"
        self.logs_asked: list[tuple[str, dict[str, Any]]] = []

    @property
    def api(self) -> Engine:
        if not self.up:
            raise ConnectionRefusedError
        return self

    def containers(
        self,
        *,
        filters: Mapping[str, list[str]],
        all: bool = False,  # noqa: A002 - the client's own word
    ) -> list[dict[str, Any]]:
        service, *one_off = filters["label"]
        assert service == f"org.protostar.service={builders.NAME}"
        if one_off:
            assert one_off == ["com.docker.compose.oneoff=True"]
            return [{"Names": [f"/{name}"]} for name in self.running_hooks]
        assert all
        return [{"Id": each.id, "Labels": _labels(each)} for each in self.found]

    def inspect_network(self, name: str) -> dict[str, Any]:
        names = [each.name for each in self.found if each.running] + self.neighbours
        return {"Containers": {name: {"Name": name} for name in names}}

    def inspect_container(self, name: str) -> dict[str, Any]:
        if name in self.others:
            return self.others[name]
        for each in self.found:
            if name in (each.id, each.name):
                return _inspected(each)
        raise NotFound(name)

    def inspect_image(self, name: str) -> dict[str, Any]:
        if name not in self.images:
            raise ImageNotFound(name)
        return self.images[name]

    def inspect_distribution(self, name: str) -> dict[str, Any]:
        answer = self.registry.get(name, NotFound(name))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def logs(self, container: str, **how: Any) -> Any:
        self.logs_asked.append((container, how))
        return iter([self.log_bytes]) if how.get("stream") else self.log_bytes


def _labels(container: Container) -> dict[str, str]:
    return {
        "org.protostar.root": container.root,
        "org.protostar.service": builders.NAME,
        "org.protostar.colour": str(container.colour),
        "org.protostar.release": container.release,
    }


def _inspected(container: Container) -> dict[str, Any]:
    state = {"Running": container.running, "Restarting": False, "ExitCode": container.exit_code}
    return {
        "Id": container.id,
        "Name": f"/{container.name}",
        "Config": {"Labels": _labels(container)},
        "State": {**state, "Status": "running" if container.running else "exited"},
        "RestartCount": container.restarts,
        "NetworkSettings": {"Networks": {NETWORK: {"IPAddress": container.address}}},
    }


class Line:
    """A channel: what was sent, and what the other end says to the first word of it.

    With a clock of ours, silence takes no time but the clock's.
    """

    def __init__(self, says: Mapping[str, Sequence[str]] | None = None) -> None:
        self.clock: StoppedClock | None = None
        self.sent: list[str] = []
        self.says = dict(says or {})
        self.open = True
        self._heard: queue.Queue[str | None] = queue.Queue()

    def say(self, *lines: str) -> None:
        for each in lines:
            self._heard.put(each)

    def hang_up(self) -> None:
        """The other end is gone; what it has said can still be heard."""
        self.open = False
        self._heard.put(None)

    def send(self, line: str) -> None:
        if not self.open:
            raise ChannelClosed
        self.sent.append(line)
        self.say(*self.says.get(line.split(" ", 1)[0], ()))

    def receive(self, deadline_s: float) -> str | None:
        try:
            line = self._heard.get(timeout=0 if self.clock else deadline_s)
        except queue.Empty:
            if self.clock is not None:
                self.clock.sleep(deadline_s)
            return None
        if line is None:
            self._heard.put(None)
            raise ChannelClosed
        return line

    def close(self) -> None:
        self.open = False

    def words(self) -> list[str]:
        return [line.split(" ", 1)[0] for line in self.sent]


def well(argv: Sequence[str]) -> tuple[int, str]:
    """Every command ends well; who waits for a container is told its status."""
    return 0, "0\n" if any("docker wait" in word for word in argv) else ""


class MemoryHost:
    """Files in a dict, commands in a list. `ends` decides how a command ends."""

    def __init__(self, engine: Engine | None = None, line: Line | None = None) -> None:
        self.name = "a5"
        self.root = ROOT
        self.engine = engine or Engine()
        self.line = line or Line()
        self.next_lines: list[Line] = []
        self.files: dict[PurePosixPath, bytes] = {}
        self.modes: dict[PurePosixPath, int] = {}
        self.ran: list[list[str]] = []
        self.ends: Callable[[Sequence[str]], tuple[int, str]] = well

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        self.ran.append(list(argv))
        status, text = self.ends(argv)
        if on_line is not None:
            for line in text.splitlines():
                on_line(line)
        return Finished(tuple(argv), status, "" if status else text, text if status else "")

    def start(self, argv: Sequence[str]) -> Channel:
        self.ran.append(list(argv))
        if self.next_lines:
            self.next_lines[0].clock = self.line.clock
            return self.next_lines.pop(0)
        return self.line

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        return self.files.get(path)

    def names(self, path: PurePosixPath) -> frozenset[str]:
        inside = [each.relative_to(path) for each in self.files if path in each.parents]
        return frozenset(each.parts[0] for each in inside)

    def put(self, path: PurePosixPath, data: bytes, mode: int = 0o644) -> None:
        self.files[path] = data
        self.modes[path] = mode

    def append(self, path: PurePosixPath, chunks: Iterable[bytes], *, at: int) -> None:
        for chunk in chunks:
            self.files[path] = self.files.get(path, b"")[:at] + chunk
            at += len(chunk)

    def size(self, path: PurePosixPath) -> int | None:
        return len(self.files[path]) if path in self.files else None

    def docker(self) -> DockerClient:
        return cast("DockerClient", self.engine)

    def session(self, port: int) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        return session

    def exposed(self, handler: Callable[[protocol.Line], None]) -> AbstractContextManager[int]:
        return loopback.exposed(handler)

    def close(self) -> None:
        """Nothing is held."""

    def mark(self, *colours: str) -> None:
        """These, and no other, are the service's markers."""
        folder = self.root / "live"
        self.files = {path: data for path, data in self.files.items() if path.parent != folder}
        self.files.update({folder / f"{builders.NAME}.{colour}": b"" for colour in colours})

    def typed(self) -> list[list[str]]:
        """What was run under the fence, without the fence."""
        return [argv[argv.index("--kill-after=5") + 2 :] for argv in self.ran if "fence" in argv]


@dataclass
class Said:
    """One answer of the gateway."""

    status: int = 200
    release: str = "v2"
    address: str = builders.address("green")
    colour: str = "green"
    body: str = "{}"

    def headers(self) -> dict[str, str]:
        named = {"X-Release": self.release, "X-Colour": self.colour}
        upstream = f"{self.address}:3000" if self.address else ""
        return {**{k: v for k, v in named.items() if v}, "X-Upstream-Addr": upstream}


@dataclass
class Traffic:
    """The gateway's answers, in turn; the last of each is repeated for ever."""

    probes: Sequence[Said] = (Said(),)
    lives: Sequence[Said] = (Said(),)
    asked: list[PreparedRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = {"probe": deque(self.probes), "live": deque(self.lives)}

    def answer(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.asked.append(request)
        line = self._waiting["probe" if "/-/probe/" in str(request.url) else "live"]
        said = line.popleft() if len(line) > 1 else line[0]
        return said.status, said.headers(), said.body

    def serve(self, mock: responses.RequestsMock) -> None:
        for kind in ("probe/api/green", "live/api"):
            url = f"http://127.0.0.1:8081/-/{kind}/health/ready"
            mock.add_callback(responses.GET, url, callback=self.answer)


class Seen:
    """What a person saw of a run."""

    interval_s = 0.0

    def __init__(self) -> None:
        self.lines: list[str] = []

    def announce(self, headline: str, warnings: Sequence[str]) -> None:
        self.lines += [headline, *warnings]

    def begin(self, step: Step) -> None:
        self.lines.append(f"begin {step.name}")

    def note(self, text: str) -> None:
        self.lines.append(text)

    def end(self, step: Step, seconds: float) -> None:
        self.lines.append(f"end {step.name}")

    def fail(self, step: Step, seconds: float) -> None:
        self.lines.append(f"fail {step.name}")


def run_of(host: MemoryHost, plan: Plan | None = None, **changes: Any) -> Run:
    """A deploy on its way: the real `Run`, `Guard` and `Gateway` on a host in memory."""
    plan = plan or builders.plan()
    target, clock = plan.target, changes.pop("clock", StoppedClock())
    host.line.clock = clock
    run = Run(
        host=host,
        plan=plan,
        about={"id": "r2", "who": "ann@desk"},
        files={},
        gateway=Gateway(host, target.gateway, target.name, target.service),
        guard=Guard(host, target.name, host.line, "t0k", clock),
        show=Seen(),
        clock=clock,
    )
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def seen(run: Run) -> list[str]:
    return cast("Seen", run.show).lines


def lines_of(*entries: bytes) -> Iterator[bytes]:
    """Log chunks that do not end where lines end."""
    text = b"".join(entry + b"\n" for entry in entries)
    return (text[at : at + 7] for at in range(0, len(text), 7))
