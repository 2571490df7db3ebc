"""What a Jenkinsfile with our library asked Jenkins for, done without a Jenkins.

tests/groovy/expected/pipeline.json is what the library's own test, with Jenkins's continuation
passing, holds every call to: files written, repositories checked out, scripts run, blocks around
them. Here the same files are written and the same scripts run.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.engine import CHECKOUT
from bench.output import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CALLS = CHECKOUT / "tests/groovy/expected/pipeline.json"
RESOURCES = CHECKOUT / "resources/org/protostar"
SCRIPT_S = 300.0


@dataclass(frozen=True, slots=True)
class Ran:
    """A stage's script that ended well, and what it wrote."""

    stage: str
    seconds: float
    log: str


@dataclass(frozen=True, slots=True)
class Replay:
    """`agents`: a folder that holds what is on the agents. `infra`: the repository of that name.

    `env`: what withCredentials would have put there, and where python3 is found.
    """

    agents: Path
    infra: Path
    env: Mapping[str, str]

    @property
    def workspace(self) -> Path:
        """Where the build agent has checked out the application."""
        return self.agents / "agents/build/api"

    def stages(self) -> Iterator[Ran]:
        """Raises `BenchError` where Jenkins would have ended the build."""
        for call in json.loads(CALLS.read_text(encoding="utf-8")):
            if call["step"] == "git":
                self._check_out(self._here(call))
            elif call["step"] == "writeFile":
                self._write(call)
            elif call["step"] == "sh":
                yield self._run(call)

    def _here(self, call: Mapping[str, Any]) -> Path:
        """The folder that `dir` names around the call."""
        folders = [block for block in call["within"] if block.startswith("dir /")]
        return self.agents / str(folders[-1]).removeprefix("dir /")

    def _check_out(self, folder: Path) -> None:
        """As Jenkins: a clone, later its newest commit."""
        if not (folder / ".git").exists():
            _git("clone", "--quiet", str(self.infra), str(folder))
        _git("-C", str(folder), "pull", "--quiet", "--ff-only")

    def _write(self, call: Mapping[str, Any]) -> None:
        path = self._here(call) / call["with"]["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "bootstrap.py":
            path.write_text((RESOURCES / "bootstrap.py").read_text("utf-8"), encoding="utf-8")
        else:
            path.write_text(json.dumps(self._request(call["with"]["text"])), encoding="utf-8")

    def _request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """With the paths of this machine, the library of this checkout, and what was built."""
        places = {
            name: str(self.agents / request[name].lstrip("/"))
            for name in ("folder", "workspace", "infra")
        }
        settings = dict(request["settings"])
        if "version" in settings:
            image = self.agents / "agents/build/api@tmp/protostar/image"
            settings["version"] = image.read_text(encoding="utf-8").strip()
        library = json.loads((RESOURCES / "library.json").read_text(encoding="utf-8"))
        return {**request, **places, "settings": settings, "library": library}

    def _run(self, call: Mapping[str, Any]) -> Ran:
        """As Jenkins does: sh -xe, no terminal, no input."""
        stage = next(b for b in call["within"] if b.startswith("stage ")).removeprefix("stage ")
        here = self._here(call)
        began_s = time.monotonic()
        done = subprocess.run(
            ["/bin/sh", "-xe", "-c", call["with"]["script"]],
            cwd=here,
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SCRIPT_S,
        )
        if done.returncode:
            raise BenchError(f"{stage}: exit code {done.returncode}\n{done.stdout}{_said(here)}")
        return Ran(stage, time.monotonic() - began_s, done.stdout)


def _said(folder: Path) -> str:
    error = folder / "error.txt"
    return error.read_text(encoding="utf-8") if error.exists() else ""


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True, timeout=60)
