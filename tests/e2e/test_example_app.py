"""The example application in its container, with the Python and aiohttp of its image."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from bench.engine import build_example, docker

from .colours import Stage, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", autouse=True)
def _images() -> None:
    build_example("app", "1", "2", "4")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    try:
        yield stage
    finally:
        stage.remove()


def test_both_colours_store_orders_in_one_file(stage: Stage) -> None:
    blue, green = stage.colour("app", "blue", "1"), stage.colour("app", "green", "2")
    assert blue.post("/orders", {"id": "a"}).status_code == 201
    assert green.post("/orders", {"id": "b"}).status_code == 201
    assert green.get("/orders/count").json() == {"count": 2}
    assert docker("exec", blue.name, "cat", "/data/orders.log") == "a blue-1\nb green-2\n"


def test_it_gets_ready_and_names_its_release_and_version(stage: Stage) -> None:
    green = stage.colour("app", "green", "2")
    wait_until(lambda: green.answers("/health/ready"), "green is ready")
    assert green.told() == {"ready": True, "release": "green-2"}
    assert green.get("/").headers["X-App-Version"] == "2"


def test_a_stop_answers_what_is_in_flight_and_exits_0(stage: Stage) -> None:
    blue = stage.colour("app", "blue", "1")

    def drip() -> Iterator[bytes]:
        for _ in range(10):
            yield b"protostar"
            time.sleep(0.1)

    url = f"http://127.0.0.1:{blue.port}/upload"
    with ThreadPoolExecutor() as pool, httpx.Client(trust_env=False) as client:
        slow = pool.submit(blue.get, "/slow?s=1.5")
        upload = pool.submit(client.post, url, content=drip())
        time.sleep(0.4)
        docker("stop", blue.name)
        assert slow.result().status_code == 200
        assert upload.result().json()["length"] == 90
    assert blue.exit_code() == 0


def test_it_runs_without_rights_and_can_write_to_its_volume_only(stage: Stage) -> None:
    blue = stage.colour("app", "blue", "1")
    (found,) = json.loads(docker("inspect", blue.name))
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"]
    status = dict(
        line.split(":", 1)
        for line in docker("exec", blue.name, "cat", "/proc/1/status").splitlines()
    )
    assert int(status["CapEff"], 16) == 0
    assert int(status["Uid"].split()[0]) == 10001
    assert status["NoNewPrivs"].strip() == "1"
    with pytest.raises(RuntimeError, match="Read-only file system"):
        docker("exec", blue.name, "touch", "/srv/app/x")


def test_the_hook_of_the_example_runs_in_its_image(stage: Stage) -> None:
    blue = stage.colour("app", "blue", "1")
    docker("exec", blue.name, "python3", "-m", "app.migrate")
    assert docker("exec", blue.name, "cat", "/data/migrations.log") == "migrated blue-1\n"


def test_the_image_says_its_version(stage: Stage) -> None:
    stage.colour("app", "blue", "4")
    (image,) = json.loads(docker("image", "inspect", "protostar-example/app:v4"))
    assert image["Config"]["Labels"]["org.opencontainers.image.version"] == "4"
    assert "APP_VERSION=4" in image["Config"]["Env"]
