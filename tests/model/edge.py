"""The gateway in memory: the marker decides the colour, containers answer, a log remembers."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy.gateway import Gateway
from pyhelpers.deploy.model import Answer, Colour, GatewayFacts
from tests.model.machine import Wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.model.engine import Container
    from tests.model.machine import Life, Machine

NGINX = "1.30.6"
EVERY_S = 0.2
REQUESTS_AT_ONCE = 10
# How long a request, and a job, that was begun goes on after its colour is not live any more.
LASTS_S = 0.3
SERVED, UNREADY, BROKEN, NOBODY = 200, 503, 500, 502


class Edge:
    """One service behind the gateway; `request` is what a user sends."""

    def __init__(self, machine: Machine, root: str, service: str, *, worker: bool = False) -> None:
        self.machine, self.root, self.service, self.worker = machine, root, service, worker
        # (when, colour, status, how many); bounded, as a container's log is.
        self.log: deque[tuple[float, str, int, int]] = deque(maxlen=2000)
        self._last: dict[str, float] = {}
        self._done: dict[str, list[int]] = {}
        self._turn = 0

    # --- who answers ----------------------------------------------------------------------------

    def live(self) -> str:
        """As nginx's tests for the markers' files go: green, when both are there."""
        found = [c for c in ("blue", "green") if self.machine.disk.exists(self._marker(c))]
        return found[-1] if found else ""

    def _marker(self, colour: str) -> str:
        return f"{self.root}/live/{self.service}.{colour}"

    def container(self, colour: str) -> Container | None:
        """The next replica in turn."""
        running = self.machine.engine.of(self.service, colour, running_only=True)
        self._turn += 1
        return running[self._turn % len(running)] if running else None

    def answer(self, colour: str) -> Answer:
        """To a request for the ready path."""
        found = self.container(colour)
        if found is None:
            return Answer(NOBODY if colour else UNREADY, "", "", colour)
        ready = found.is_ready(self.machine.now_s)
        status = SERVED if ready else UNREADY
        return Answer(status, found.release, found.address, colour, self._body(found))

    def _body(self, container: Container) -> Mapping[str, Any]:
        if not self.worker:
            return {}
        done, failed = self._done.get(container.id, [0, 0])
        consuming = container.colour == self.live()
        jobs = int(self._is_busy(container.colour))
        return {"consuming": consuming, "in_flight": jobs, "done": done, "failed": failed}

    # --- traffic --------------------------------------------------------------------------------

    def life(self) -> Life:
        """Users who never rest."""
        while True:
            yield Wait(self.machine.now_s + EVERY_S)
            self.request(REQUESTS_AT_ONCE)

    def request(self, number: int) -> None:
        colour = self.live()
        found = self.container(colour)
        self._last[colour] = self.machine.now_s
        self.log.append((self.machine.now_s, colour, self._status(found), number))
        if self.worker and found is not None:
            counts = self._done.setdefault(found.id, [0, 0])
            counts[int(found.app.fails)] += number

    def _status(self, found: Container | None) -> int:
        if found is None or not found.is_ready(self.machine.now_s):
            return NOBODY
        return BROKEN if found.app.fails else SERVED

    def lines(self, since_s: float, until_s: float) -> Iterator[bytes]:
        for at_s, colour, status, number in self.log:
            if since_s <= at_s <= until_s:
                line = {"service": self.service, "colour": colour, "status": status, "msec": at_s}
                yield from [json.dumps(line).encode() + b"\n"] * number

    # --- what the guard looks for ---------------------------------------------------------------

    def connections(self, addresses: list[str], port: int) -> int:
        return sum(map(self.jobs_in_flight, addresses))

    def jobs_in_flight(self, address: str) -> int:
        at = {c.address: c.colour for c in self.machine.engine.containers.values()}
        return int(self._is_busy(at.get(address, "")))

    def _is_busy(self, colour: str) -> bool:
        return self.machine.now_s - self._last.get(colour, 0.0) < LASTS_S


class MemoryGateway(Gateway):
    """What the deploy sees of the edge."""

    def __init__(self, edge: Edge, network: str) -> None:
        self.network = network
        self.edge = edge

    def facts(self) -> GatewayFacts | None:
        return GatewayFacts(NGINX, {self.edge.service: self.edge.live()})

    def probe(self, colour: Colour) -> Answer:
        return self.edge.answer(str(colour))

    def live(self, *, new_connection: bool = False) -> Answer:
        return self.edge.answer(self.edge.live())

    def close(self) -> None:
        """Nothing is held."""
