"""How the guard drains and stops a colour: a model of guard.sh's `retire`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tests.model.machine import Wait
from tests.model.room import Room

if TYPE_CHECKING:
    from tests.model.engine import Container
    from tests.model.machine import Life, Machine
    from tests.model.room import Steps

FOR_EVER_S = 1e12
LOOK_EVERY_S = 0.2


class Traffic(Protocol):
    """What is still going on with a colour, as the gateway and the worker would tell."""

    def connections(self, addresses: list[str], port: int) -> int | None: ...
    def jobs_in_flight(self, address: str) -> int | None: ...


class Retiring(Room):
    """Adds the work lock, the drain and the stop."""

    traffic: Traffic

    def __init__(self, machine: Machine, root: str, service: str) -> None:
        super().__init__(machine, root, service)
        self.pid, self.token, self.who, self.since = 0, "", "", ""
        self.port, self.drain_ms, self.grace_s = 0, 0, 10
        self.kind, self.keep_warm, self.network = "http", False, ""
        self.drained_ms = 0
        self.cut: int | None = 0

    def set_terms(self, text: str) -> None:
        """GATEWAY PORT DRAIN_MS GRACE_S KIND READY_PATH KEEP_WARM NETWORK."""
        _, port, drain_ms, grace_s, self.kind, _, keep_warm, self.network = text.split()
        self.port, self.drain_ms, self.grace_s = int(port), int(drain_ms), int(grace_s)
        self.keep_warm = keep_warm == "yes"

    def own(self, step: str) -> Steps:
        lines = (f"token={self.token}", f"who={self.who}", f"pid={self.pid}")
        yield from self.put("owner", "\n".join((*lines, f"since={self.since}", f"step={step}")))

    # --- locks ----------------------------------------------------------------------------------

    def locking(self, path: str, wait_s: float, *, shared: bool) -> Wait:
        free = self.machine.free(path, self.pid, shared=shared)
        return Wait(self.machine.now_s + wait_s, free)

    def take_work(self) -> Steps:
        while not (yield self.locking(self.path("work"), 1, shared=False)):
            self.say("waiting")

    # --- containers -----------------------------------------------------------------------------

    def containers(self, colour: str, *, running_only: bool = False) -> list[Container]:
        engine = self.machine.engine
        adopted = self.adopted(colour)
        ours = engine.of(self.service, colour, running_only=running_only)
        return [*ours, *filter(None, map(engine.named, adopted))]

    def adopted(self, colour: str) -> list[str]:
        return self.disk.text(f"{self.root}/adopted/{self.service}.{colour}").split()

    def ours(self, colour: str) -> list[str]:
        return [container.id for container in self.machine.engine.of(self.service, colour)]

    def retire(self, colour: str, *, remove: bool) -> Steps:
        if colour == "none" or self.is_live(colour):
            return
        yield from self.take_work()
        yield from self.own(f"drain {colour}")
        yield from self.drain(colour)
        yield from self.own(f"stop {colour}")
        yield from self.stop(colour, remove=remove)
        self.machine.unlock(self.path("work"), self.pid)

    def drain(self, colour: str) -> Steps:
        addresses = [c.address for c in self.containers(colour, running_only=True) if c.address]
        started_s, quiet = self.machine.now_s, 0
        left: int | None = 0 if self.drain_ms > 0 else None  # nobody looks, so nobody knows
        self.drained_ms = self.cut = 0
        while addresses and self.drained_ms < self.drain_ms:
            left = self.in_flight(addresses)
            quiet = quiet + 1 if left == 0 else 0
            if quiet == 2:
                break
            self.say("draining", "?" if left is None else left)
            yield Wait(self.machine.now_s + LOOK_EVERY_S)
            self.drained_ms = round((self.machine.now_s - started_s) * 1000)
        self.cut = left
        self.say("drained", self.drained_ms, "?" if left is None else left)

    def in_flight(self, addresses: list[str]) -> int | None:
        """None when somebody could not be asked: that is not 0."""
        asked = addresses if self.kind == "worker" else []
        jobs = [self.traffic.jobs_in_flight(address) for address in asked]
        counts = [self.traffic.connections(addresses, self.port), *jobs]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def stop(self, colour: str, *, remove: bool) -> Steps:
        """The engine's client runs in the background and keeps the locks, whatever comes to us."""
        names = [container.id for container in self.containers(colour)]
        if names:
            yield f"stop {colour}"
            pid = self.machine.new_pid()
            client = self.machine.spawn("docker stop", self._stop_all(names), pid)
            self.machine.inherit(self.pid, pid)
            yield Wait(FOR_EVER_S, lambda: not client.alive)
        for stranger in self.adopted(colour):
            self.machine.engine.disconnect(self.network, stranger)
        if remove:
            yield f"remove {colour}"
            if ours := self.ours(colour):
                self.machine.engine.remove(ours)
            self.disk.remove(f"{self.root}/adopted/{self.service}.{colour}")
        self.say("stopped", colour)

    def _stop_all(self, names: list[str]) -> Life:
        engine = self.machine.engine
        found = [container for container in map(engine.named, names) if container is not None]
        yield Wait(self.machine.now_s + max((each.stop_s for each in found), default=0.0))
        engine.stop(names, self.grace_s)
        return 0
