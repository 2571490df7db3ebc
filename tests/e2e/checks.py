"""What must be true of a load that went on meanwhile, and of the containers that were there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import docker
from bench.load import check_store

if TYPE_CHECKING:
    from bench.load import Result

    from .town import Town


def nobody_noticed(town: Town, result: Result) -> None:
    """Not one failed request, not one order lost or stored twice."""
    report = result.report
    failures = [event for event in result.events if event.failure is not None]
    assert report.failed == 0, (report.failed_by, failures[:3])
    assert report.requests > 20, "a load that sent nothing proves nothing"
    orders_are_safe(town, result)


def orders_are_safe(town: Town, result: Result) -> None:
    stored = check_store(town.at.stored_orders(town.name), result.report)
    assert (stored.lost, stored.doubled) == ([], [])


class Census:
    """Counts the service's containers, from the engine, as long as the block lasts."""

    def __init__(self, town: Town) -> None:
        self._filters = {"label": [f"org.protostar.service={town.name}"]}
        self._client = docker.APIClient()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count)
        self.most = 0
        self.projects: set[str] = set()
        self.looks = 0

    def _count(self) -> None:
        while not self._over.wait(0.1):
            found = self._client.containers(all=True, filters=self._filters)
            labels = [each["Labels"] for each in found]
            colours = [each for each in labels if each["com.docker.compose.oneoff"] != "True"]
            self.projects |= {each["com.docker.compose.project"] for each in colours}
            self.most = max(self.most, len(colours))
            self.looks += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._client.close()
