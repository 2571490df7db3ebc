"""The example worker in its container, on a real Redis, both colours side by side."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from bench.engine import LABEL, build_example, docker

from .colours import Colour, Stage, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e


class Queue:
    """Redis as a producer and an observer see it."""

    def __init__(self, stage: Stage) -> None:
        self.container = f"{stage.tag}-redis"
        redis: dict[str, object] = {
            "container_name": self.container,
            "labels": {LABEL: stage.tag},
        }
        volume = {"name": f"{stage.tag}-queue", "labels": {LABEL: stage.tag}}
        override: dict[str, object] = {"services": {"redis": redis}, "volumes": {"data": volume}}
        stage.up("redis", "worker/redis.yml", override)
        wait_until(self.answers, "Redis answers")

    def cli(self, *words: str) -> list[str]:
        return docker("exec", self.container, "redis-cli", *words).split("\n")[:-1]

    def answers(self) -> bool:
        try:
            return self.cli("PING") == ["PONG"]
        except RuntimeError:
            return False

    def add(self, *jobs: str) -> None:
        self.cli("LPUSH", "jobs", *jobs)

    def read(self, name: str) -> list[str]:
        return [line for line in self.cli("LRANGE", name, "0", "-1") if line]

    def done(self) -> list[str]:
        return self.read("jobs:done")

    def wait_for_done(self, count: int) -> None:
        wait_until(lambda: len(self.done()) >= count, f"{count} jobs are done")


@pytest.fixture(scope="module", autouse=True)
def _images() -> None:
    build_example("worker", "1", "2", "3", "4")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    try:
        stage.marker("blue").touch()
        yield stage
    finally:
        stage.remove()


@pytest.fixture
def queue(stage: Stage) -> Queue:
    return Queue(stage)


def start(stage: Stage, colour: str, version: str, work_s: float = 0.05) -> Colour:
    worker = stage.colour("worker", colour, version, WORK_S=str(work_s))
    wait_until(lambda: worker.answers("/health/ready"), f"{colour} is ready")
    return worker


def test_only_the_colour_with_the_marker_takes_jobs(stage: Stage, queue: Queue) -> None:
    blue, green = start(stage, "blue", "1"), start(stage, "green", "2")
    queue.add("a", "b", "c")
    queue.wait_for_done(3)
    assert queue.done() == ["a blue-1", "b blue-1", "c blue-1"]
    assert (blue.told()["consuming"], blue.told()["done"]) == (True, 3)
    assert (green.told()["consuming"], green.told()["done"]) == (False, 0)
    stage.switch("blue", "green")
    wait_until(lambda: green.told()["consuming"], "green takes jobs")
    queue.add("d")
    queue.wait_for_done(4)
    assert queue.done()[-1] == "d green-2"


def test_a_job_in_flight_at_the_switch_is_finished_by_who_took_it(
    stage: Stage, queue: Queue
) -> None:
    blue, _green = start(stage, "blue", "1", work_s=1), start(stage, "green", "2")
    queue.add("a", "b")
    wait_until(lambda: blue.told()["in_flight"], "blue has a job")
    stage.switch("blue", "green")
    told = blue.told()
    assert (told["consuming"], told["in_flight"]) == (False, 1)
    queue.wait_for_done(2)
    assert sorted(queue.done()) == ["a blue-1", "b green-2"]
    assert blue.told()["in_flight"] == 0


def test_every_job_is_done_once_while_the_marker_goes_to_and_fro(
    stage: Stage, queue: Queue
) -> None:
    start(stage, "blue", "1", work_s=0.01)
    start(stage, "green", "2", work_s=0.01)
    jobs = [f"job-{number}" for number in range(200)]
    queue.add(*jobs)
    colours = ("blue", "green")
    for turn in range(6):
        stage.switch(colours[turn % 2], colours[1 - turn % 2])
        time.sleep(0.3)
    queue.wait_for_done(200)
    done = Counter(line.split()[0] for line in queue.done())
    assert done == dict.fromkeys(jobs, 1)
    assert {line.split()[1] for line in queue.done()} == {"blue-1", "green-2"}


def test_a_stop_finishes_the_job_in_flight_and_exits_0(stage: Stage, queue: Queue) -> None:
    blue = start(stage, "blue", "1", work_s=1)
    queue.add("a", "b")
    wait_until(lambda: blue.told()["in_flight"], "blue has a job")
    before_s = time.monotonic()
    docker("stop", blue.name)
    assert time.monotonic() - before_s < 5
    assert blue.exit_code() == 0
    assert (queue.done(), queue.read("jobs")) == (["a blue-1"], ["b"])
    assert queue.read("jobs:processing:blue") == []


def test_a_job_that_a_crash_left_behind_is_given_back_by_its_own_colour_only(
    stage: Stage, queue: Queue
) -> None:
    blue = start(stage, "blue", "1", work_s=2)
    queue.add("a")
    wait_until(lambda: blue.told()["in_flight"], "blue has a job")
    docker("kill", blue.name)
    stage.switch("blue", "green")
    green = start(stage, "green", "2")
    wait_until(lambda: green.told()["consuming"], "green takes jobs")
    time.sleep(0.5)
    assert (queue.read("jobs:processing:blue"), queue.done()) == (["a"], [])
    docker("start", blue.name)
    queue.wait_for_done(1)
    assert queue.done() == ["a green-2"]
    assert queue.read("jobs:processing:blue") == []


def test_no_job_is_lost_when_redis_is_killed(stage: Stage, queue: Queue) -> None:
    blue = start(stage, "blue", "1", work_s=0.02)
    jobs = [f"job-{number}" for number in range(100)]
    queue.add(*jobs)
    queue.wait_for_done(10)
    docker("kill", queue.container)
    wait_until(lambda: not blue.told()["ready"], "blue says that the queue is away")
    docker("start", queue.container)
    wait_until(queue.answers, "Redis answers again")
    queue.wait_for_done(100)
    assert Counter(line.split()[0] for line in queue.done()) == dict.fromkeys(jobs, 1)
    assert blue.told()["ready"]


def test_version_4_fails_every_job_and_says_so(stage: Stage, queue: Queue) -> None:
    blue = start(stage, "blue", "4")
    queue.add("a", "b")
    wait_until(lambda: blue.told()["failed"] == 2, "both have failed")
    assert queue.read("jobs:failed") == ["a blue-4", "b blue-4"]
    assert (queue.done(), blue.told()["done"]) == ([], 0)


def test_version_3_never_gets_ready(stage: Stage, queue: Queue) -> None:
    blue = stage.colour("worker", "blue", "3")
    assert queue.answers()
    time.sleep(0.5)
    assert blue.get("/health/ready").status_code == 503
    assert blue.told()["reason"] == "this version never gets ready"
    assert blue.get("/health/ready").headers["X-Release"] == "blue-3"


def test_it_runs_without_rights(stage: Stage, queue: Queue) -> None:
    blue = start(stage, "blue", "1")
    for container in (blue.name, queue.container):
        (found,) = json.loads(docker("inspect", container))
        assert found["HostConfig"]["ReadonlyRootfs"]
        assert found["HostConfig"]["CapDrop"] == ["ALL"]
        assert found["HostConfig"]["Memory"] > 0
        assert found["HostConfig"]["PidsLimit"] > 0
        status = docker("exec", container, "cat", "/proc/1/status")
        effective = next(line for line in status.splitlines() if line.startswith("CapEff"))
        uid = next(line for line in status.splitlines() if line.startswith("Uid"))
        assert int(effective.split()[1], 16) == 0
        assert int(uid.split()[1]) != 0
