"""When the example worker takes jobs, and what becomes of those it took."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from examples.worker.consumer import Consumer, QueueLostError
from examples.worker.health import not_ready_because
from examples.worker.settings import Settings

from .running import free_port, running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


@dataclass
class MemoryQueue:
    """The queue in lists. `taking` is called while a take waits."""

    waiting: list[str] = field(default_factory=list)
    processing: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    takes: int = 0
    broken_settles: int = 0
    taking: Callable[[], None] = lambda: None

    async def take(self) -> str | None:
        await asyncio.sleep(0.01)
        self.takes += 1
        self.taking()
        if not self.waiting:
            return None
        self.processing.append(self.waiting.pop(0))
        return self.processing[-1]

    async def give_back(self, job: str) -> None:
        self.processing.remove(job)
        self.waiting.insert(0, job)

    async def give_back_all(self) -> None:
        self.waiting, self.processing = self.processing + self.waiting, []

    async def settle(self, job: str, *, succeeded: bool) -> None:
        if self.broken_settles:
            self.broken_settles -= 1
            raise QueueLostError("the line is down")
        self.processing.remove(job)
        (self.done if succeeded else self.failed).append(job)


def settings(marker: Path | None = None, version: str = "1", work_s: float = 0.0) -> Settings:
    return Settings("127.0.0.1", 0, "redis://x", "r1", "blue", version, work_s, marker)


def work(consumer: Consumer, meanwhile: Callable[[], Awaitable[None]], limit_s: float = 5) -> None:
    """Run the consumer while `meanwhile` goes on, then stop it and wait for its end."""

    async def both() -> None:
        async with asyncio.timeout(limit_s):
            running = asyncio.create_task(consumer.run())
            await meanwhile()
            consumer.stop()
            await running

    asyncio.run(both())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - conditions of many kinds, and no event for them
        await asyncio.sleep(0.005)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    path = tmp_path / "thumbs.blue"
    path.touch()
    return path


class TestMarker:
    def test_with_its_marker_it_takes_jobs_in_order(self, marker: Path) -> None:
        queue = MemoryQueue(["a", "b", "c"])
        work(Consumer(queue, settings(marker)), lambda: until(lambda: len(queue.done) == 3))
        assert queue.done == ["a", "b", "c"]

    def test_without_a_marker_configured_it_always_takes(self) -> None:
        queue = MemoryQueue(["a"])
        work(Consumer(queue, settings(None)), lambda: until(lambda: queue.done))

    def test_without_its_marker_it_does_not_even_ask(self, tmp_path: Path) -> None:
        queue = MemoryQueue(["a"])
        consumer = Consumer(queue, settings(tmp_path / "thumbs.blue"))
        work(consumer, lambda: asyncio.sleep(0.3))
        assert (queue.takes, queue.waiting) == (0, ["a"])
        assert consumer.connected

    def test_it_starts_when_the_marker_comes(self, tmp_path: Path) -> None:
        queue, path = MemoryQueue(["a"]), tmp_path / "thumbs.blue"

        async def switch() -> None:
            await asyncio.sleep(0.1)
            path.touch()
            await until(lambda: queue.done)

        work(Consumer(queue, settings(path)), switch)

    def test_it_stops_when_the_marker_goes(self, marker: Path) -> None:
        queue, take_away = MemoryQueue(["a"]), marker.unlink

        async def switch() -> None:
            await until(lambda: queue.done)
            take_away()
            await asyncio.sleep(0.1)
            queue.waiting.append("b")
            await asyncio.sleep(0.2)

        work(Consumer(queue, settings(marker)), switch)
        assert (queue.done, queue.waiting) == (["a"], ["b"])

    def test_a_job_that_came_after_the_marker_went_goes_back_to_the_head(
        self, marker: Path
    ) -> None:
        queue = MemoryQueue(["a", "b"], taking=marker.unlink)
        work(Consumer(queue, settings(marker)), lambda: until(lambda: queue.takes))
        assert (queue.waiting, queue.processing, queue.done) == (["a", "b"], [], [])

    def test_a_job_in_flight_is_finished_when_the_marker_goes(self, marker: Path) -> None:
        queue, take_away = MemoryQueue(["a", "b"]), marker.unlink
        consumer = Consumer(queue, settings(marker, work_s=0.2))

        async def switch() -> None:
            await until(lambda: consumer.in_flight)
            take_away()
            assert not consumer.consuming
            await until(lambda: consumer.in_flight == 0)
            await asyncio.sleep(0.1)

        work(consumer, switch)
        assert (queue.done, queue.waiting) == (["a"], ["b"])


class TestEnd:
    def test_a_stop_finishes_the_job_in_flight_and_takes_no_other(self) -> None:
        queue = MemoryQueue(["a", "b"])
        consumer = Consumer(queue, settings(work_s=0.2))
        work(consumer, lambda: until(lambda: consumer.in_flight))
        assert (queue.done, queue.waiting, queue.processing) == (["a"], ["b"], [])
        assert (consumer.consuming, consumer.in_flight) == (False, 0)

    def test_a_job_that_came_with_the_stop_goes_back(self) -> None:
        queue = MemoryQueue(["a"])
        consumer = Consumer(queue, settings())
        queue.taking = consumer.stop
        work(consumer, lambda: until(lambda: queue.takes))
        assert (queue.waiting, queue.processing, queue.done) == (["a"], [], [])


class TestLostQueue:
    def test_what_a_crash_left_in_its_own_list_is_worked_on(self) -> None:
        queue = MemoryQueue(["b"], processing=["a"])
        work(Consumer(queue, settings()), lambda: until(lambda: len(queue.done) == 2))
        assert queue.done == ["a", "b"]

    def test_a_job_whose_end_could_not_be_told_is_worked_on_again_and_done_once(self) -> None:
        queue = MemoryQueue(["a"], broken_settles=1)
        consumer = Consumer(queue, settings())
        work(consumer, lambda: until(lambda: queue.done))
        assert (queue.done, queue.processing, consumer.done) == (["a"], [], 1)


class TestVersions:
    def test_version_4_fails_every_job_and_counts_them(self) -> None:
        queue = MemoryQueue(["a", "b"])
        consumer = Consumer(queue, settings(version="4"))
        work(consumer, lambda: until(lambda: len(queue.failed) == 2))
        assert (queue.done, consumer.done, consumer.failed) == ([], 0, 2)

    @pytest.mark.parametrize(
        ("version", "line", "reason"),
        [
            ("1", "up", None),
            ("1", "down", "no connection to the queue"),
            ("3", "up", "this version never gets ready"),
        ],
    )
    def test_it_is_ready_when_it_could_take_a_job(
        self, version: str, line: str, reason: str | None
    ) -> None:
        consumer = Consumer(MemoryQueue(), settings(version=version))
        consumer.connected = line == "up"
        assert not_ready_because(settings(version=version), consumer) == reason


def test_with_no_redis_it_says_so_lives_on_and_ends_cleanly() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    with running("examples.worker", REDIS_URL=url, PROTOSTAR_RELEASE="r7") as worker:
        ready = worker.get("/health/ready")
        assert ready.status_code == 503
        assert ready.headers["X-Release"] == "r7"
        assert ready.json() == {
            "ready": False,
            "release": "r7",
            "consuming": False,
            "in_flight": 0,
            "done": 0,
            "failed": 0,
            "reason": "no connection to the queue",
        }
        assert worker.get("/health/live").status_code == 200
        worker.terminate()
        assert worker.exit_code() == 0
