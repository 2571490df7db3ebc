"""`script/bench pipeline`: what a Jenkinsfile asks for, done without a Jenkins on a real server.

Build → Config sync → Plan → Deploy → Verify, with the files and scripts that the library's test
holds the library to, over SSH, the image through the deploy's own connection, under load.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.engine import CHECKOUT, docker
from bench.load import Options
from bench.output import Figure, note
from bench.registry import RegistryContainer
from bench.replay import Replay
from bench.servers import Servers
from bench.stack import commit, git, give_stack
from bench.stage import still_loading, under_load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.load import LoadProcess
    from bench.output import Value

ROUNDS = 3
HOST, NAME = "a5", "api"
IMAGE = "protostar-example/app"
RATE, SECONDS = 120.0, 600.0
STAGES = 5
SETTINGS: dict[str, Any] = {
    "host": HOST,
    "route": "/",
    "drain_s": 5,
    "bake": {"for_s": 1},
    "ready": {"timeout_s": 20},
}
FIGURES = (
    Figure("pipelines", "under load, after a first one onto an empty server"),
    Figure("stages", "of each: Build, Config sync, Plan, Deploy, Verify", least=STAGES),
    Figure("deployed", "pipelines after which another release served", same_as="pipelines"),
    Figure("requests", "120 a second through the server's gateway meanwhile"),
    Figure("failed", "of them failed", most=0),
    Figure("pipeline_s_max", "a whole pipeline; the slowest"),
    Figure("executor_s_max", "from Config sync to Verify: how long the deploy agent is held"),
)


def measure(rounds: int | None) -> dict[str, Value]:
    with _installed() as (place, replay):
        _change(replay.workspace, 0)
        _pipeline(replay)
        options = Options(place.url(HOST), RATE, seconds=SECONDS)
        with under_load(options) as load:
            ran = [_changed(place, replay, load, each) for each in range(1, (rounds or ROUNDS) + 1)]
            report = load.stop().report
    return {
        "pipelines": len(ran),
        "stages": min(len(seconds) for seconds, _ in ran),
        "deployed": sum(moved for _, moved in ran),
        "requests": report.requests,
        "failed": report.failed,
        "pipeline_s_max": max(sum(seconds) for seconds, _ in ran),
        "executor_s_max": max(sum(seconds[1:]) for seconds, _ in ran),
    }


@contextmanager
def _installed() -> Iterator[tuple[Servers, Replay]]:
    """A server with nothing but its engine, a registry beside us, an application's checkout."""
    with tempfile.TemporaryDirectory(prefix="protostar-pipeline-") as folder:
        place = Servers(Path(folder) / "infra")
        try:
            with RegistryContainer() as registry:
                place.add_server(HOST)
                place.top["registry"] = {"address": registry.address, "reach": "tunnel"}
                place.add(NAME, **SETTINGS)
                give_stack(place, HOST)
                git(place.folder, "add", f"{NAME}.yml")
                commit(place.folder)
                path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
                env = {**place.environment, "PATH": path}
                yield place, Replay(Path(folder) / "jenkins", place.folder, env)
                _forget(registry.address)
        finally:
            place.remove()


def _forget(registry: str) -> None:
    """The names that the builds left in the engine here."""
    shown = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"{registry}/{IMAGE}")
    if names := [name for name in shown.split() if not name.endswith(":<none>")]:
        docker("image", "rm", "--force", *names)


def _change(workspace: Path, number: int) -> None:
    """A commit that makes another image."""
    if not workspace.exists():
        caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / "examples/app", workspace, ignore=caches)
        git(workspace, "init", "--quiet", "--initial-branch", "main")
    (workspace / "number.py").write_text(f"NUMBER = {number}\n", encoding="utf-8")
    git(workspace, "add", ".")
    git(workspace, "commit", "--quiet", "--message", f"change {number}")


def _changed(
    place: Servers, replay: Replay, load: LoadProcess, number: int
) -> tuple[list[float], bool]:
    """Seconds of each stage, and whether another release serves."""
    before = place.live(HOST, NAME)
    _change(replay.workspace, number)
    _touch(place, number)
    seconds = _pipeline(replay)
    still_loading(load)
    return seconds, place.live(HOST, NAME) != before


def _touch(place: Servers, number: int) -> None:
    """So that there is something to sync."""
    log = place.folder / "nginx/mixins/log.conf"
    log.write_text(f"{log.read_text(encoding='utf-8')}# {number}\n", encoding="utf-8")
    commit(place.folder)


def _pipeline(replay: Replay) -> list[float]:
    seconds = []
    for stage in replay.stages():
        note(f"{stage.stage}: {stage.seconds:.1f} s")
        seconds.append(stage.seconds)
    return seconds
