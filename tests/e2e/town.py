"""One installation with one service in it, and what the tests ask of the two."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from bench.engine import docker
from bench.installation import Installation
from bench.load import LoadProcess, Options

from .colours import wait_until
from .deployer import Deployer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.installation import Finished

# Short, because most tests do not depend on it: without a load nothing is in flight to drain.
QUICK: dict[str, Any] = {
    "drain_s": 0,
    "stop_grace_s": 3,
    "bake": {"for_s": 0},
    "verify": {"answers": 5},
    "ready": {"timeout_s": 20},
}
APP: dict[str, Any] = {"route": "/", "environment": {"READY_AFTER_S": "0.2"}}
WORKER: dict[str, Any] = {"kind": "worker", "drain_s": 8, "environment": {"WORK_S": "0.05"}}


class Served(NamedTuple):
    """Who answers through the gateway: ("", "") when nobody does."""

    colour: str
    version: str


class Said(NamedTuple):
    """The three lines of an error."""

    error: str
    state: str
    try_: str


@dataclass
class Town:
    """Gateway, network and one service; `do` types a command, `start` leaves it running."""

    at: Installation
    folder: Path
    name: str = ""
    _loads: int = field(default=0)

    @classmethod
    def build(cls, folder: Path, example: str = "app", **settings: Any) -> Town:
        """A service made of an example, behind a gateway that runs. Nothing is deployed yet."""
        town = cls(Installation(folder / "town"), folder)
        usual = APP if example == "app" else WORKER
        environment = {**usual["environment"], **settings.pop("environment", {})}
        settings = {**QUICK, **usual, **settings, "environment": environment}
        try:
            town.name = town.at.add("api" if example == "app" else "mail", example, **settings)
            town.at.start_gateway()
        except BaseException:
            town.at.remove()
            raise
        return town

    # --- typing commands ----------------------------------------------------------------------

    def do(self, command: str, *arguments: str, env: dict[str, str] | None = None) -> Finished:
        return self.at.deploy(command, self.name, *arguments, env=env)

    def argv(self, command: str, *arguments: str) -> list[str]:
        return self.at.argv(command, self.name, *arguments)

    def run(self, version: str, *options: str) -> Finished:
        return self.do("run", version, *options)

    def deployed(self, version: str, *options: str) -> Finished:
        """`run`, which must end well."""
        done = self.run(version, *options)
        assert done.code == 0, (done.out, done.err)
        return done

    def start(self, command: str, *arguments: str, env: dict[str, str] | None = None) -> Deployer:
        return Deployer(self.at, command, self.name, *arguments, env=env)

    @contextmanager
    def load(self, rate: float = 40, **options: Any) -> Iterator[LoadProcess]:
        """Requests at a fixed rate while the block lasts; `stop()` gives what came of them.

        A deploy under load drains, whatever the town's own setting.
        """
        if not self.at.services[self.name]["drain_s"]:
            # Enough for the longest request; after 1.5 s nothing short is in flight any more.
            self.at.set(self.name, drain_s=8 if "slow_per_s" in options else 1.5)
        self._loads += 1
        folder = self.folder / f"load-{self._loads}"
        folder.mkdir()
        with LoadProcess(Options(self.at.url, rate, seconds=110, **options), folder) as load:
            yield load

    # --- looking ------------------------------------------------------------------------------

    def served(self) -> Served:
        """Who answers an ordinary request now, on a new connection."""
        url = f"{self.at.private_url}/-/live/{self.name}/health/ready"
        try:
            answer = httpx.get(url, trust_env=False, timeout=2)
        except httpx.TransportError:
            return Served("", "")
        good = answer.status_code == httpx.codes.OK
        colour, version = (
            answer.headers.get("X-Colour", ""),
            answer.headers.get("X-App-Version", ""),
        )
        return Served(colour, version) if good else Served("", "")

    def wait_served(self, colour: str, version: str, within_s: float = 10) -> None:
        wanted = Served(colour, version)
        wait_until(lambda: self.served() == wanted, f"{wanted} serves", within_s)

    def marker(self, colour: str) -> Path:
        return self.at.root / "live" / f"{self.name}.{colour}"

    def live(self) -> str:
        return self.at.live(self.name)

    def wait_free(self, within_s: float = 25) -> None:
        """The host has finished what it does alone, and the lock is free."""
        wait_until(lambda: not self.at.locked(self.name), f"{self.name} is free", within_s)

    def colours_running(self) -> list[str]:
        return sorted({self.colour_of(name) for name in self.at.containers(self.name)})

    def colour_of(self, container: str) -> str:
        return container.removeprefix(f"{self.name}-").split("-")[0]

    def outcomes(self) -> list[str]:
        """Of each deploy in the history; the lines on how the old colour went are left out."""
        found = [line["outcome"] for line in self.at.history(self.name)]
        return [outcome for outcome in found if outcome != "finished"]

    def release(self, version: str) -> str:
        """The id of the last release of `version` in the history."""
        lines = self.at.history(self.name)
        found = [line["release"]["id"] for line in lines if line["release"]["label"] == version]
        return str(found[-1])

    def snapshot(self) -> dict[str, object]:
        """All that a refused command must leave as it was."""
        root = self.at.root
        listed = docker(
            "ps", "-a", "--format", "{{.ID}} {{.Names}} {{.State}}", "--filter", self._label
        )
        images = docker("image", "ls", "--quiet", f"protostar-release/{self.name}")
        kept = ("live", "history", "releases", "adopted")
        files = [path for room in kept for path in sorted((root / room).rglob("*"))]
        intent = root / "guard" / self.name / "intent"
        return {
            "containers": sorted(listed.splitlines()),
            "files": {str(path): path.read_bytes() for path in files if path.is_file()},
            "images": sorted(images.splitlines()),
            "locked": self.at.locked(self.name),
            "unfinished": intent.exists(),
        }

    @property
    def _label(self) -> str:
        return f"label=org.protostar.service={self.name}"


def said(finished: Finished) -> Said:
    """The error's three lines, each there once, in order, none empty."""
    text = finished.err[finished.err.index("Error: ") :]
    found = re.fullmatch(r"Error: (.+)\nState: (.+)\nTry: ([^\n]+)\n?", text, re.DOTALL)
    assert found, f"not three lines: {finished.err}"
    three = Said(*found.groups())
    twice = [part for part in three if re.search(r"^(Error|State|Try): ", part, re.MULTILINE)]
    assert not twice, finished.err
    return three
