"""A worker changes its colour: every job is done once, and a bad version eats none too early."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, cast

import httpx
import pytest
import redis

from bench.engine import CHECKOUT, LABEL, address_of, docker

from .colours import wait_until
from .town import Town, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Build

pytestmark = pytest.mark.e2e


class Queue:
    """The example's Redis on the town's network, and the jobs in it."""

    def __init__(self, town: Town) -> None:
        self.container = f"queue-{town.at.tag}"
        label = {LABEL: town.at.tag}
        ours = {"container_name": self.container, "labels": label, "restart": "no"}
        override = {
            "services": {"redis": ours},
            "networks": {"edge": {"name": town.at.network, "external": True}},
            "volumes": {"data": {"name": f"queue-{town.at.tag}", "labels": label}},
        }
        path = town.folder / "redis.json"
        path.write_text(json.dumps(override))
        files = ["-f", str(CHECKOUT / "examples/worker/redis.yml"), "-f", str(path)]
        docker("compose", "-p", self.container, *files, "up", "-d")
        address = address_of(self.container, town.at.network)
        self._redis = redis.Redis(host=address, socket_timeout=5, decode_responses=True)
        wait_until(self._answers, "Redis answers")

    def _answers(self) -> bool:
        try:
            return bool(self._redis.ping())
        except redis.ConnectionError:
            return False

    def _list(self, name: str) -> list[str]:
        return cast("list[str]", self._redis.lrange(name, 0, -1))

    def add(self, *jobs: str) -> None:
        self._redis.lpush("jobs", *jobs)

    def ended(self, how: str) -> list[tuple[str, str]]:
        """(job, release) of each job that is done, or failed, in the order of their ends."""
        return [(job, release) for job, release in map(str.split, self._list(f"jobs:{how}"))]

    def wait_until_empty(self) -> None:
        lists = ("jobs", "jobs:processing:blue", "jobs:processing:green")
        wait_until(lambda: not any(map(self._list, lists)), "empty", 30)

    def close(self) -> None:
        self._redis.close()


@pytest.fixture
def town(build: Build) -> Town:
    return build(example="worker")


@pytest.fixture
def queue(town: Town) -> Iterator[Queue]:
    """v1 takes jobs, on blue."""
    queue = Queue(town)
    town.deployed("v1")
    yield queue
    queue.close()


def told(town: Town, colour: str) -> dict[str, object]:
    """What a colour says of itself, whichever is live."""
    url = f"{town.at.private_url}/-/probe/{town.name}/{colour}/health/ready"
    answer = httpx.get(url, trust_env=False)
    nothing: dict[str, object] = {"ready": False}
    return dict(answer.json()) if "X-Release" in answer.headers else nothing


def jobs(count: int) -> list[str]:
    return [f"job-{number}" for number in range(count)]


def test_every_job_is_done_once_over_a_change_of_colour(town: Town, queue: Queue) -> None:
    wanted: list[str] = []
    with town.start("run", "v2") as deployer:
        while town.live() == "blue" or len(wanted) < 120:
            batch = [f"job-{len(wanted) + number}" for number in range(10)]
            queue.add(*batch)
            wanted += batch
            time.sleep(0.3)  # two are done in a tenth of a second
        assert deployer.finish().code == 0
    queue.wait_until_empty()
    done = queue.ended("done")
    assert Counter(job for job, _ in done) == dict.fromkeys(wanted, 1)
    assert queue.ended("failed") == []
    by = [release for _, release in done]
    old, new = town.release("v1"), town.release("v2")
    assert set(by) == {old, new}
    # What the old one had in flight at the switch it finished; it took nothing after that.
    assert by[by.index(new) :].count(old) <= 1
    assert town.colours_running() == ["green"]


def test_the_job_in_flight_is_waited_for(town: Town, queue: Queue) -> None:
    town.at.set_environment(town.name, WORK_S="5")
    town.deployed("v1")
    old = town.at.history(town.name)[-2]["release"]["id"]
    town.at.set_environment(town.name, WORK_S="0.1")
    with town.start("run", "v2") as deployer:
        deployer.reached("wait ready")
        queue.add("long")
        done = deployer.finish()
    assert done.code == 0
    assert "1 still in flight" in done.out
    assert town.at.history(town.name)[-1]["cut"] == 0
    assert queue.ended("done") == [("long", old)]


def looks_before_the_switch(town: Town, queue: Queue) -> Iterator[dict[str, object]]:
    """What green says of itself, and how many jobs have failed; each was true before the switch."""
    while town.live() == "blue":
        green, failed = told(town, "green"), len(queue.ended("failed"))
        if town.live() == "blue":
            consuming = green.get("consuming", False)
            yield {"ready": green["ready"], "consuming": consuming, "failed": failed}


def test_a_version_that_fails_takes_no_job_before_the_switch_and_is_flipped_back(
    town: Town, queue: Queue
) -> None:
    town.at.set(town.name, bake={"for_s": 30, "max_5xx_percent": 1, "min_errors": 5})
    wanted = jobs(150)
    with town.start("run", "v4") as deployer:
        deployer.reached("wait ready")
        queue.add(*wanted)
        looks = list(looks_before_the_switch(town, queue))
        bad = deployer.finish()
    assert {"ready": True, "consuming": False, "failed": 0} in looks
    assert not any(look["consuming"] or look["failed"] for look in looks)
    assert bad.code == 7
    three = said(bad)
    assert "v4 is worse than it may be: " in three.error
    assert three.state == f"{town.name}-blue serves; traffic was flipped back"
    queue.wait_until_empty()
    done, failed = queue.ended("done"), queue.ended("failed")
    assert Counter(job for job, _ in done + failed) == dict.fromkeys(wanted, 1)
    assert {release for _, release in done} == {town.release("v1")}
    assert {release for _, release in failed} == {town.release("v4")}
    assert 5 <= len(failed) < 60
    assert (town.live(), town.colours_running()) == ("blue", ["blue"])


def test_a_version_that_never_gets_ready_takes_no_job(town: Town, queue: Queue) -> None:
    town.at.set(town.name, ready={"timeout_s": 4})
    queue.add(*jobs(60))
    refused = town.run("v3")
    assert refused.code == 6
    assert "gave 503 from" in said(refused).error
    queue.wait_until_empty()
    assert {release for _, release in queue.ended("done")} == {town.release("v1")}
    assert len(queue.ended("done")) == 60
