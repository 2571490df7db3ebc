"""What goes wrong in one container of A5 stays in it, and a killed store forgets nothing."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import yaml

from bench.durability import POSTGRES, QUEUE, Store, asked, survived, written
from bench.engine import CHECKOUT, LABEL, completed, docker

from .stacks import ServerStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .town import Town

pytestmark = pytest.mark.e2e

# Four times what it may have; without a limit it would end, and the test fail.
EATS = "held = []\nwhile len(held) < 256:\n    held.append(bytearray(1 << 24))"
FORKS = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
FORKS_FOR_S = 8
LIMIT = 100  # as compose/a5/api.yml has it
STALLS_S = 3.0


@pytest.fixture(scope="module")
def a5(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[ServerStack]:
    stack = ServerStack("a5", tmp_path_factory.mktemp("a5"))
    tags.append(stack.tag)
    try:
        stack.up(POSTGRES.service, QUEUE.service)
        yield stack
    finally:
        stack.remove()


@contextmanager
def neighbour(a5: ServerStack, folder: Path, program: str) -> Iterator[str]:
    """A container with the limits of compose/a5/api.yml, in the place of the backend."""
    shutil.copy(CHECKOUT / "compose/a5/api.yml", folder)
    (folder / "api.env").touch()
    app = {
        "image": "protostar-example/app:v1",
        "entrypoint": [],
        "command": ["python3", "-c", program],
        "restart": "no",
        "labels": {LABEL: a5.tag},
    }
    (folder / "overlay.yml").write_text(yaml.safe_dump({"services": {"app": app}}))
    project = f"{a5.project}-neighbour"
    argv = ["docker", "compose", "-p", project, "--project-directory", str(folder)]
    argv += ["-f", str(folder / "api.yml"), "-f", str(folder / "overlay.yml")]
    done = completed([*argv, "up", "--detach"], a5.environment)
    assert done.returncode == 0, done.stderr
    try:
        yield f"{project}-app-1"
    finally:
        completed([*argv, "down", "--timeout", "0"], a5.environment)


@contextmanager
def nobody_else_notices(a5: ServerStack, town: Town) -> Iterator[None]:
    """The gateway answers each request meanwhile, and the database never stops taking writes."""
    acknowledged: dict[int, float] = {}
    asked(a5, POSTGRES, POSTGRES.make)
    with written(a5, POSTGRES, acknowledged), town.load(rate=20) as load:
        time.sleep(1)
        began_s = time.monotonic()
        yield
        ended_s = time.monotonic()
        report = load.stop().report
    assert report.requests > 0
    assert report.failed == 0, report.by_status
    within = sorted(at for at in acknowledged.values() if began_s < at < ended_s)
    moments = [began_s, *within, ended_s]
    assert max(after - before for before, after in pairwise(moments)) < STALLS_S


def state(container: str, key: str) -> str:
    return docker("inspect", "--format", f"{{{{.State.{key}}}}}", container).strip()


def test_what_eats_memory_is_killed_alone(a5: ServerStack, town: Town, tmp_path: Path) -> None:
    began = state(a5.container("postgres"), "StartedAt")
    with nobody_else_notices(a5, town), neighbour(a5, tmp_path, EATS) as hungry:
        assert docker("wait", hungry).strip() == "137"
        assert state(hungry, "OOMKilled") == "true"
    assert state(a5.container("postgres"), "StartedAt") == began


def test_what_forks_without_end_gets_no_further_than_its_limit(
    a5: ServerStack, town: Town, tmp_path: Path
) -> None:
    with nobody_else_notices(a5, town), neighbour(a5, tmp_path, FORKS) as forking:
        time.sleep(FORKS_FOR_S)
        running = int(docker("stats", "--no-stream", "--format", "{{.PIDs}}", forking))
        assert LIMIT / 2 < running <= LIMIT
        docker("kill", forking)
        assert state(forking, "Running") == "false"


@pytest.mark.parametrize("store", [POSTGRES, QUEUE], ids=lambda store: store.service)
def test_a_store_that_is_killed_forgets_no_acknowledged_write(
    a5: ServerStack, store: Store
) -> None:
    found = survived(a5, store, 2)
    assert found.kills == 2
    assert found.acknowledged
    assert found.lost == set()
