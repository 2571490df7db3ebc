"""The worker as a service: its image, deployed by `pyhelpers.deploy` while jobs come."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml

from bench.engine import CHECKOUT, LABEL, completed, docker
from bench.installation import Finished, Installation
from tests.worker.desk import KEY, KEY_ID, Desk
from tests.worker.scripted import Does, Scripted, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worker.containers import Container

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]
# The deployer has its own environment; this one has none of what it needs.
DEPLOYER = str(CHECKOUT / ".venv/bin/python")
RATE = 20


@dataclass(slots=True)
class Town(Installation):
    def add_worker(self, environment: dict[str, str]) -> str:
        name = self.service("ai")
        document = yaml.safe_load((CHECKOUT / "compose/a5/ai-worker.yml").read_text())
        worker = document["services"]["worker"]
        worker["labels"] = {LABEL: self.tag}
        # Those of a whole A5, which is not here.
        del worker["networks"], document["networks"]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.yml").write_text(yaml.safe_dump(document))
        lines = [f"{key}={value}" for key, value in environment.items()]
        (self.folder / "ai-worker.env").write_text("\n".join(lines))
        self.services[name] = {
            "host": "here", "kind": "worker", "image": "protostar/ai-worker",
            "compose": f"{name}.yml", "compose_service": "worker", "port": 8000,
            "route": "/v1/psych-test", "ready": {"path": "/ready", "timeout_s": 60},
            "before_switch": [["python", "-m", "protostar_worker", "migrate"]],
            "drain_s": 30, "stop_grace_s": 20, "bake": {"for_s": 3, "min_errors": 5},
        }  # fmt: skip
        self.write()
        return name

    def argv(self, *arguments: str) -> list[str]:
        command, *rest = arguments
        return [DEPLOYER, "-m", "pyhelpers.deploy", command, *rest, "-f", str(self.file)]

    def render(self) -> None:
        nginx, to = str(CHECKOUT / "nginx"), str(self.nginx)
        options = ["here", "--nginx", nginx, "--to", to, "-f", str(self.file)]
        done = completed([DEPLOYER, "-m", "pyhelpers.sync", "render", *options])
        assert done.returncode == 0, done.stderr


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path / "town")
    try:
        yield town
    finally:
        town.remove()
        shutil.rmtree(town.folder, ignore_errors=True)


@pytest.fixture
def empty_database(postgres_server: tuple[Container, str]) -> str:
    """Without the schema: the deploy's own hook brings it."""
    with psycopg.connect(postgres_server[1], autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS deployed WITH (FORCE)")
        connection.execute("CREATE DATABASE deployed")
    return f"{postgres_server[1].rpartition('/')[0]}/deployed"


async def test_a_deploy_under_load_loses_no_job_and_does_none_twice(
    town: Town,
    redis_url: str,
    redis_server: tuple[Container, str],
    postgres_server: tuple[Container, str],
    empty_database: str,
) -> None:
    desk = Desk(redis_url, empty_database)
    name = town.add_worker({})
    await asyncio.to_thread(town.start_gateway)
    for container, _ in (redis_server, postgres_server):
        docker("network", "connect", town.network, container.name)
    try:
        host = gateway_of(town.network)
        async with served(Scripted(always=Does(before_s=0.2)), host) as endpoint:
            town.add_worker(environment(desk, endpoint, redis_server[0], postgres_server[0]))
            await done(town, "run", name, "v1")
            first = await desk.end(await desk.ask("how many?"), 10)
            assert first.state == "completed"
            load = asyncio.create_task(load_for(desk, 14))
            deployed = await done(town, "run", name, "v2", "--json")
            jobs = await load
            ends = [await desk.end(job) for job in jobs]
            assert {end.state for end in ends} == {"completed"}
            assert len(endpoint.asked) == len(jobs) + 1
            assert json.loads(deployed.out)["outcome"] == "done"
    finally:
        for container, _ in (redis_server, postgres_server):
            docker("network", "disconnect", "--force", town.network, container.name)
        await desk.close()


async def load_for(desk: Desk, for_s: float) -> list[Any]:
    jobs, began_s = [], time.monotonic()
    for number in range(round(RATE * for_s)):
        await asyncio.sleep(max(0.0, began_s + number / RATE - time.monotonic()))
        jobs.append(await desk.ask("how many?", fields={"userId": f"u-{number}"}))
    return jobs


async def done(town: Town, *arguments: str) -> Finished:
    finished = await asyncio.to_thread(town.deploy, *arguments)
    assert finished.code == 0, (finished.out, finished.err)
    return finished


def gateway_of(network: str) -> str:
    """The host's own address on the network: where its containers reach the test's endpoint."""
    found = json.loads(docker("network", "inspect", network))
    address: str = found[0]["IPAM"]["Config"][0]["Gateway"]
    return address


def environment(
    desk: Desk, endpoint: Scripted, redis: Container, postgres: Container
) -> dict[str, str]:
    local = {"name": "local", "base_url": endpoint.base_url, "model": "m", "personal_data": True}
    return {
        "PROTOSTAR_REDIS_URL": f"redis://{redis.name}:{redis.port}/0",
        "PROTOSTAR_DATABASE_URL": desk.database_url.replace("127.0.0.1", postgres.name),
        "PROTOSTAR_QUEUE": desk.queue,
        "PROTOSTAR_INGEST_QUEUE": desk.ingest_queue,
        "PROTOSTAR_SIGNING_KEYS": json.dumps({KEY_ID: KEY}),
        "PROTOSTAR_ENDPOINTS": json.dumps([local]),
        "PROTOSTAR_LOAD_AT_START": "false",
    }
