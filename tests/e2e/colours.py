"""The examples' own Compose files on a network of the test's own, without a deployer.

What the deploy would add comes from an override here: image, release, colour, network, marker.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from bench.engine import CHECKOUT, LABEL, docker, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START_S = 30.0


@dataclass
class Stage:
    """One network, and everything that was started on it."""

    folder: Path
    tag: str = field(default_factory=lambda: f"protostar-test-{secrets.token_hex(3)}")
    projects: list[tuple[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "live").mkdir()
        docker("network", "create", "--label", f"{LABEL}={self.tag}", self.tag)

    def marker(self, colour: str) -> Path:
        return self.folder / "live" / f"thumbs.{colour}"

    def switch(self, old: str, new: str) -> None:
        self.marker(old).rename(self.marker(new))

    def up(self, name: str, example: str, override: dict[str, object]) -> None:
        """`docker compose up` of examples/<example> as a project of its own."""
        project, path = f"{self.tag}-{name}", self.folder / f"{name}.json"
        edge = {"edge": {"name": self.tag, "external": True}}
        path.write_text(json.dumps({"networks": edge, **override}))
        files = ["-p", project, "-f", str(CHECKOUT / "examples" / example), "-f", str(path)]
        self.projects.append((project, files))
        docker("compose", *files, "up", "-d", "--wait", "--wait-timeout", "30")

    def colour(self, example: str, colour: str, version: str, **environment: str) -> Colour:
        """Start one colour of an example and wait until it answers."""
        found = Colour(f"{self.tag}-{colour}-{version}", free_port(), f"{colour}-{version}")
        inside = {"app": 3000, "worker": 8000}[example]
        service = {
            "image": f"protostar-example/{example}:v{version}",
            "container_name": found.name,
            "labels": {LABEL: self.tag},
            "ports": [f"127.0.0.1:{found.port}:{inside}"],
            "networks": ["edge"],
            "environment": {
                "PROTOSTAR_RELEASE": found.release,
                "PROTOSTAR_COLOUR": colour,
                **environment,
            },
        }
        if example == "worker":
            service["volumes"] = [f"{self.folder}/live:/run/protostar/live:ro"]
            service["environment"] = {
                **service["environment"],  # type: ignore[dict-item] # it is a dict, see above
                "PROTOSTAR_MARKER": f"/run/protostar/live/thumbs.{colour}",
            }
        override: dict[str, object] = {"services": {example: service}}
        if example == "app":
            override["volumes"] = {"app-data": {"name": self.tag, "labels": {LABEL: self.tag}}}
        self.up(found.name.removeprefix(f"{self.tag}-"), f"{example}/compose.yml", override)
        wait_until(lambda: found.answers("/health/live"), f"{found.name} answers")
        return found

    def remove(self) -> None:
        for project, files in reversed(self.projects):
            docker("compose", *files, "down", "--timeout", "2", "--volumes")
            assert not docker(
                "ps", "-aq", "--filter", f"label=com.docker.compose.project={project}"
            )
        docker("network", "rm", self.tag)


@dataclass
class Colour:
    """One running container of an example."""

    name: str
    port: int
    release: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False)

    def post(self, path: str, content: dict[str, object]) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.post(url, json=content, trust_env=False)

    def answers(self, path: str) -> bool:
        try:
            return self.get(path).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def told(self) -> dict[str, object]:
        """The ready answer, as the deploy reads it."""
        told: dict[str, object] = self.get("/health/ready").json()
        return told

    def exit_code(self) -> int:
        return int(docker("wait", self.name))


def wait_until(condition: Callable[[], object], what: str, within_s: float = START_S) -> None:
    """Poll a condition. Fails with its name after `within_s`."""
    give_up_at = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up_at, f"not within {within_s:g} s: {what}"
        time.sleep(0.02)
