"""A host in memory: `Host`, `Channel` and `Clock` on a `Machine`."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy.guard_script import SCRIPTS
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.protocol import ChannelClosed, Finished
from tests.model.docker_api import MemoryDocker
from tests.model.guard import MemoryGuard
from tests.model.shell import Shell, UnknownCommandError
from tests.model.travel import NothingTravels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import PurePosixPath

    from tests.model.edge import Edge
    from tests.model.machine import Machine, Process

# How long, in real seconds, the deployer's own thread may take to ask for the gateway's log.
FOLLOWER_S = 5.0


class MemoryClock:
    """`Clock`: sleeping is letting the machine's time pass."""

    def __init__(self, machine: Machine, docker: MemoryDocker) -> None:
        self._machine, self._docker = machine, docker
        self.follower_expected = False

    def monotonic(self) -> float:
        return self._machine.now_s

    def await_follower(self) -> None:
        """The thread that follows the gateway's log is the deployer's own: real time, not ours."""
        if self.follower_expected:
            assert self._docker.api.follower_came.wait(FOLLOWER_S), "nobody follows the log"

    def sleep(self, seconds: float, /) -> None:
        self._machine.advance(seconds)
        for stream in self._docker.api.streams:
            stream.feed(self._machine.now_s)


class Command:
    """A command that has begun on the host: it goes on when its deployer does not."""

    def __init__(self, machine: Machine, shell: Shell, argv: Sequence[str]) -> None:
        self.machine, self.argv, self._shell = machine, argv, shell
        self.process = machine.spawn(argv[0], shell.life(argv), shell.pid)

    def finish(self, deadline_s: float) -> Finished:
        ended = self.machine.run_until(
            lambda: not self.process.alive, self.machine.now_s + deadline_s
        )
        if not ended:
            self.machine.kill(self.process)
            raise DeadlinePassed(self.argv, deadline_s)
        status = self.process.status
        assert status is not None
        return Finished(tuple(self.argv), status, self._shell.out, self._shell.err)


class MemoryHost(NothingTravels):
    """`Host`."""

    name = "a5"
    guard_class: type[MemoryGuard] = MemoryGuard
    shell_class: type[Shell] = Shell

    def __init__(self, machine: Machine, root: PurePosixPath, edge: Edge) -> None:
        self.machine, self.root, self.edge = machine, root, edge
        self.channels: list[MemoryChannel] = []
        self.client = MemoryDocker(machine, edge)
        self.clock = MemoryClock(machine, self.client)

    def begin(self, argv: Sequence[str]) -> Command:
        shell = self.shell_class(self.machine, self.root, self.machine.new_pid())
        return Command(self.machine, shell, argv)

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        finished = self.begin(argv).finish(deadline_s)
        if on_line is not None:
            for line in (finished.out + finished.err).splitlines():
                on_line(line)
        return finished

    def start(self, argv: Sequence[str]) -> MemoryChannel:
        match list(argv):
            case ["bash", script, root, service, token, who, deaf_s] if self._is_guard(script):
                guard = self.guard_class(self.machine, root, service, token, who)
                guard.deaf_s, guard.traffic = float(deaf_s), self.edge
                channel = MemoryChannel(self.machine, guard)
                self.channels.append(channel)
                return channel
        raise UnknownCommandError(argv)

    def _is_guard(self, script: str) -> bool:
        """All of it must have been delivered."""
        folder = script.removesuffix("/guard.sh")
        delivered = self.machine.disk.names(folder) == set(SCRIPTS)
        return folder.startswith(f"{self.root}/guard/guard-") and delivered

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        data = self.machine.disk.read(str(path))
        return None if data is None else data[-limit_bytes:]

    def names(self, path: PurePosixPath) -> frozenset[str]:
        return self.machine.disk.names(str(path))

    def put(self, path: PurePosixPath, data: bytes, mode: int = 0o644) -> None:
        if self.machine.disk.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.machine.disk.put(str(path), data)

    def docker(self) -> Any:
        return self.client

    def session(self, port: int) -> Any:
        raise UnknownCommandError(f"the model's gateway has no port {port}")

    def close(self) -> None:
        """Nothing is held."""

    def end_of_deployer(self) -> None:
        """Its process ends: every line and stream that it held is closed by the kernel."""
        for channel in self.channels:
            channel.cut()
        self.channels.clear()
        self.client.api.end_streams()


class MemoryChannel:
    """Lines to and from a guard. While nobody has frozen its deployer, the guard hears it beat."""

    def __init__(self, machine: Machine, guard: MemoryGuard) -> None:
        self._machine, self._guard = machine, guard
        self._read = 0
        self.beating = True
        guard.beating = lambda: self.beating and not guard.eof
        pid = machine.new_pid()
        self._process: Process = machine.spawn("guard", guard.life(pid), pid, is_guard=True)

    def send(self, line: str) -> None:
        if not self._process.alive or self._guard.eof:
            raise ChannelClosed
        if line != "beat":
            self._guard.inbox.append(line)

    def receive(self, deadline_s: float) -> str | None:
        until = self._machine.now_s + deadline_s
        self._machine.run_until(self._has_more, until)
        if self._read < len(self._guard.lines):
            self._read += 1
            return self._guard.lines[self._read - 1]
        if not self._process.alive:
            raise ChannelClosed
        return None

    def _has_more(self) -> bool:
        return self._read < len(self._guard.lines) or not self._process.alive

    def close(self) -> None:
        self.cut()

    def cut(self) -> None:
        self._guard.eof = True

    def swallow(self) -> None:
        """What the guard said up to now never arrives."""
        self._read = len(self._guard.lines)

    @property
    def guard_process(self) -> Process:
        return self._process
