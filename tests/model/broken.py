"""The doubles again, each call of them through a `Breaker`, with the errors that fit the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import requests
from docker.errors import APIError

from pyhelpers.deploy.model import Answer, Colour, GatewayFacts
from pyhelpers.errors import Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.protocol import ChannelClosed, Finished
from tests.model.edge import MemoryGateway
from tests.model.faults import Breaker, Killed, Kind
from tests.model.travel import NothingTravels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import PurePosixPath

    from tests.model.host import MemoryChannel, MemoryClock, MemoryHost

FAILED = 1


class BrokenClock:
    def __init__(self, clock: MemoryClock, breaker: Breaker) -> None:
        self._clock, self._breaker = clock, breaker

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float, /) -> None:
        self._clock.await_follower()
        self._breaker.call("sleep", lambda: self._clock.sleep(seconds))


class BrokenHost(NothingTravels):
    """`Host`: what a machine, or the line to it, can do to its caller."""

    def __init__(self, host: MemoryHost, breaker: Breaker) -> None:
        self._host, self._breaker = host, breaker
        self.name, self.root = host.name, host.root

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        def act() -> Finished:
            return self._host.run(argv, deadline_s=deadline_s, on_line=on_line)

        def how(kind: Kind) -> Finished:
            return self._break_run(kind, argv, deadline_s)

        breaks = Kind.ERROR, Kind.TIMEOUT, Kind.LOST, Kind.TERM_MIDWAY, Kind.KILL_MIDWAY
        return self._breaker.call(f"run {_shown(argv)}", act, *breaks, how=how)

    def _break_run(self, kind: Kind, argv: Sequence[str], deadline_s: float) -> Finished:
        if kind is Kind.ERROR:
            return Finished(tuple(argv), FAILED, "", "it does not work today\n")
        if kind is Kind.LOST:
            self._host.run(argv, deadline_s=deadline_s)
            raise Unreachable(error="the line to a5 is cut", try_="ssh a5")
        command = self._host.begin(argv)
        if kind is Kind.TIMEOUT:
            self._host.machine.advance(MIDWAY_OF_A_TIMEOUT_S)
            self._host.machine.kill(command.process)
            raise DeadlinePassed(argv, deadline_s)
        self._breaker.midway(command, kind)
        return command.finish(deadline_s)

    def start(self, argv: Sequence[str]) -> BrokenChannel:
        def act() -> MemoryChannel:
            return self._host.start(argv)

        def how(kind: Kind) -> MemoryChannel:
            if kind is Kind.LOST:
                self._host.start(argv).cut()
            raise Unreachable(error="the line to a5 is cut", try_="ssh a5")

        channel = self._breaker.call("start guard", act, Kind.ERROR, Kind.LOST, how=how)
        return BrokenChannel(channel, self._breaker)

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        name = f"read {self._short(path)}"
        return self._breaker.call(
            name, lambda: self._host.read(path, limit_bytes), Kind.ERROR, how=_disk_error
        )

    def names(self, path: PurePosixPath) -> frozenset[str]:
        name = f"names {self._short(path)}"
        return self._breaker.call(name, lambda: self._host.names(path), Kind.ERROR, how=_disk_error)

    def put(self, path: PurePosixPath, data: bytes, mode: int = 0o644) -> None:
        def how(kind: Kind) -> None:
            if kind is Kind.LOST:
                self._host.put(path, data, mode)
            _disk_error(kind)

        name = f"put {self._short(path)}"
        self._breaker.call(
            name, lambda: self._host.put(path, data, mode), Kind.ERROR, Kind.LOST, how=how
        )

    def _short(self, path: PurePosixPath) -> str:
        if path.suffix == ".sh":
            return "the guard's script"
        return path.name if path.is_relative_to(self.root / "releases") else str(path)

    def docker(self) -> Any:
        return BrokenDocker(self._host.docker().api, self._breaker)

    def session(self, port: int) -> Any:
        return self._host.session(port)

    def close(self) -> None:
        self._host.close()


MIDWAY_OF_A_TIMEOUT_S = 0.03


class BrokenChannel:
    """`Channel`: a line can be lost on its way, in either direction, or the connection as such."""

    def __init__(self, channel: MemoryChannel, breaker: Breaker) -> None:
        self._channel, self._breaker = channel, breaker

    def send(self, line: str) -> None:
        if line == "beat":
            return  # the model's guard hears a deployer that lives

        def how(kind: Kind) -> None:
            if kind is Kind.LOST:
                self._channel.send(line)
            self._cut(kind)

        name = f"send {line.split(' ', maxsplit=1)[0]}"
        self._breaker.call(name, lambda: self._channel.send(line), Kind.ERROR, Kind.LOST, how=how)

    def receive(self, deadline_s: float) -> str | None:
        def how(kind: Kind) -> str | None:
            if kind is Kind.ERROR:
                self._cut(kind)
            self._channel.receive(deadline_s)
            self._channel.swallow()
            return None

        name = "receive" if deadline_s else "check"
        return self._breaker.call(
            name, lambda: self._channel.receive(deadline_s), Kind.ERROR, Kind.LOST, how=how
        )

    def close(self) -> None:
        if not self._breaker.dead:
            self._channel.close()

    def _cut(self, kind: Kind) -> NoReturn:
        self._channel.cut()
        raise ChannelClosed


class BrokenDocker:
    """`docker()` and its `.api` in one."""

    def __init__(self, api: Any, breaker: Breaker) -> None:
        self._api, self._breaker = api, breaker

    @property
    def api(self) -> BrokenDocker:
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if named.get("follow"):
                return self._follow(*given, **named)
            return self._breaker.call(
                f"api.{name}",
                lambda: getattr(self._api, name)(*given, **named),
                Kind.ERROR,
                Kind.TIMEOUT,
                how=_engine_error,
            )

        return call

    def _follow(self, *given: Any, **named: Any) -> Any:
        """In a thread of the deployer's own, which just ends with its process.

        After an error it comes again, after a real moment; the model's time waits for it.
        """
        try:
            return self._breaker.call(
                "api.logs followed",
                lambda: self._api.logs(*given, **named),
                Kind.ERROR,
                how=_engine_error,
            )
        except Killed:
            self._api.follower_came.set()
            return iter(())


class BrokenGateway(MemoryGateway):
    def __init__(self, gateway: MemoryGateway, breaker: Breaker) -> None:
        super().__init__(gateway.edge, gateway.network)
        self._breaker = breaker

    def facts(self) -> GatewayFacts | None:
        return self._breaker.call("gateway.facts", super().facts, Kind.ERROR, how=_no_facts)

    def probe(self, colour: Colour) -> Answer:
        return self._asked("gateway.probe", lambda: MemoryGateway.probe(self, colour))

    def live(self, *, new_connection: bool = False) -> Answer:
        return self._asked("gateway.live", lambda: MemoryGateway.live(self))

    def _asked(self, name: str, act: Callable[[], Answer]) -> Answer:
        def how(kind: Kind) -> Answer:
            if kind is Kind.LOST:
                act()
            problem = "ReadTimeout" if kind is Kind.TIMEOUT else "ConnectionError"
            return Answer(0, "", "", "", problem=problem)

        return self._breaker.call(name, act, Kind.ERROR, Kind.TIMEOUT, how=how)


def _no_facts(kind: Kind) -> None:
    return None


def _disk_error(kind: Kind) -> NoReturn:
    raise OSError(5, "Input/output error")


def _engine_error(kind: Kind) -> NoReturn:
    if kind is Kind.TIMEOUT:
        raise requests.exceptions.ReadTimeout("read timed out")
    raise APIError("500 Server Error: the engine has a bad day")


def _shown(argv: Sequence[str]) -> str:
    """The word that tells what a command does, behind fences and limits."""
    words = ("up", "run", "pull", "tag", "rm", "wait", "signal", "facts", "true")
    return next((word for word in words if word in argv), argv[0])
