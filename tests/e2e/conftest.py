"""Images once, a town for each test, and proof at the end that nothing is left of any."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import pytest

from bench.engine import build_example, docker

from .town import Town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Build = Callable[..., Town]


@pytest.fixture(scope="session", autouse=True)
def example_images() -> None:
    build_example("app", "1", "2", "3", "4")
    build_example("worker", "1", "2", "3", "4")


@pytest.fixture(scope="session", autouse=True)
def tags(example_images: None) -> Iterator[list[str]]:
    """Of the installations that were made; at the end none of them may have left anything."""
    made: list[str] = []
    yield made
    assert {tag: found for tag in made if (found := left_over(tag))} == {}


def left_over(tag: str) -> list[str]:
    """By its name, not by a label: what lost its label would be left over unseen."""
    named = ["--filter", f"name={tag}"]
    return [
        *docker("ps", "-aq", *named).split(),
        *docker("volume", "ls", "-q", *named).split(),
        *docker("network", "ls", "-q", *named).split(),
        *docker("image", "ls", "-q", f"protostar-release/*-{tag}").split(),
    ]


class Stock:
    """Towns with v1 on blue. The next one is made while a test has the one before.

    Each test gets a fresh one and waits for neither its making nor its end: 3 s a test.
    """

    def __init__(self, folder: Callable[[], Path], tags: list[str]) -> None:
        self._folder, self._tags = folder, tags
        self._making = ThreadPoolExecutor(1)
        self._removing = ThreadPoolExecutor(1)
        self._removed: list[Future[None]] = []
        self._next: Future[Town] | None = None

    def make(self, **settings: Any) -> Town:
        town = Town.build(self._folder(), **settings)
        self._tags.append(town.at.tag)
        return town

    def _make_with_v1(self) -> Town:
        town = self.make()
        try:
            town.deployed("v1")
        except BaseException:
            town.at.remove()
            raise
        return town

    def take(self) -> Town:
        ready = self._next or self._making.submit(self._make_with_v1)
        self._next = self._making.submit(self._make_with_v1)
        return ready.result()

    def give_back(self, town: Town) -> None:
        self._removed.append(self._removing.submit(town.at.remove))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """What a removal met is raised here."""
        self._making.shutdown()
        if self._next is not None and self._next.exception() is None:
            self.give_back(self._next.result())
        self._removing.shutdown()
        for each in self._removed:
            each.result()


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Stock]:
    with Stock(lambda: tmp_path_factory.mktemp("town"), tags) as stock:
        yield stock


@pytest.fixture
def build(stock: Stock) -> Iterator[Build]:
    """Makes towns of a test's own; each is taken away, whatever came of the test."""
    made: list[Town] = []

    def one(**settings: Any) -> Town:
        made.append(stock.make(**settings))
        return made[-1]

    yield one
    for town in made:
        stock.give_back(town)


@pytest.fixture
def town(stock: Stock) -> Iterator[Town]:
    """v1 is live on blue."""
    town = stock.take()
    yield town
    stock.give_back(town)
