"""Watching the new colour under real traffic, with the old one still warm."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException

from pyhelpers.deploy import verdict
from pyhelpers.deploy.gateway import log_lines
from pyhelpers.deploy.verdict import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.deploy.gateway import Gateway
    from pyhelpers.deploy.model import Colour, Target
    from pyhelpers.hosts.protocol import Host

# How far back the old colour's own error rate is counted.
BEFORE_S = 60.0
RECONNECT_S = 0.2
# The log is read from its end: from its start, 200 MB take two seconds, and nobody is warned.
TAIL = 5000
MILLISECOND = 0.001


class TrafficWatch:
    """Counts what the new colour answered since the switch, from the gateway's log."""

    def __init__(self, host: Host, container: str, service: str, since: float) -> None:
        self._host, self._container, self._service = host, container, service
        self._since = since
        self._lock = threading.Lock()
        self._counts: dict[str, Tally] = {}
        self._before: Tally | None = None
        self._over = threading.Event()
        self.trouble = ""
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        """The stream ends when the gateway restarts; then it is taken up where it ended."""
        since = self._since
        while not self._over.wait(RECONNECT_S if self.trouble else 0):
            try:
                for line in log_lines(self._host, self._container, since=since, tail=TAIL):
                    since = max(since, float(line.get("msec", 0)) + MILLISECOND)
                    self._add(line)
                    self.trouble = ""
            except (DockerException, OSError) as problem:
                self.trouble = type(problem).__name__
            else:
                self.trouble = "its log ended"

    def _add(self, line: Mapping[str, Any]) -> None:
        colour = str(line.get("colour"))
        one = verdict.tally([line], self._service, colour)
        with self._lock:
            self._counts[colour] = self._counts.get(colour, Tally()) + one

    def count(self, colour: Colour) -> Tally:
        with self._lock:
            return self._counts.get(colour, Tally())

    def close(self) -> None:
        """The follower ends with the next line, or with this process."""
        self._over.set()

    def before(self, colour: Colour | None) -> Tally:
        """The old colour's own figures before the switch."""
        if colour is not None and self._before is None:
            since, until = self._since - BEFORE_S, self._since
            lines = log_lines(self._host, self._container, since=since, until=until, tail=10 * TAIL)
            self._before = verdict.tally(lines, self._service, colour)
        return self._before or Tally()


class JobWatch:
    """Counts what a worker's ready answers say that it has done and failed, a replica each."""

    def __init__(self, gateway: Gateway, colour: Colour) -> None:
        self._gateway, self._colour = gateway, colour
        self.trouble = ""
        self._first: dict[str, Tally] = {}
        self._last: dict[str, Tally] = {}
        self.count(colour)

    def count(self, colour: Colour) -> Tally:
        answer = self._gateway.probe(colour)
        if answer.ok:
            done, failed = (int(answer.body.get(key, 0)) for key in ("done", "failed"))
            now = Tally(done + failed, failed)
            self._first.setdefault(answer.address, now)
            self._last[answer.address] = now
        since = (self._last[address] - self._first[address] for address in self._last)
        return sum(since, Tally())

    def close(self) -> None:
        """Nothing is held."""

    def before(self, _colour: Colour | None) -> Tally:
        """A worker's earlier failures are in its total, which says nothing about a minute."""
        return Tally()


def watch_for(
    host: Host, gateway: Gateway, target: Target, colour: Colour, since: float
) -> TrafficWatch | JobWatch:
    if target.service.kind == "worker":
        return JobWatch(gateway, colour)
    return TrafficWatch(host, target.gateway.container, target.name, since)
