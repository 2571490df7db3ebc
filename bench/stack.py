"""An installation whose server has a stack: an infra checkout of its own, brought by sync."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bench.engine import CHECKOUT, LABEL, docker

if TYPE_CHECKING:
    from pathlib import Path

    from bench.installation import Finished, Installation
    from bench.servers import Servers

STACK = "compose/a5"
# With what a shell and Compose would read something into.
PASSWORD = "p$ss#word"  # noqa: S105 - made up
# Beside the gateway: something with a password, a file of its own, and a health check.
CACHE = {
    "image": "protostar/redis:8",
    "env_file": ["cache.env"],
    "entrypoint": [],
    "command": ["redis-server", "/etc/redis.conf"],
    "configs": [{"source": "redis", "target": "/etc/redis.conf"}],
    "healthcheck": {"test": ["CMD", "redis-cli", "ping"], "interval": "1s"},
    "mem_limit": "64m",
}
FILES = {
    "compose.yml": "include: [gateway.yml, cache.yml]\n",
    "cache.env.j2": 'CACHE_PASSWORD={{ secret("CACHE_PASSWORD") }}\n',
    "redis.conf": 'save ""\n',
}


def git(folder: Path, *arguments: str) -> str:
    """In an infra checkout, as nobody in particular."""
    who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    argv = ["git", "-C", str(folder), *who, "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> None:
    """The checkout's own parts; what Protostar keeps below its root is not in it."""
    git(folder, "add", "compose", "nginx", "protostar.yml")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "change")


def give_stack(servers: Servers, host: str) -> None:
    """Their folder becomes an infra checkout whose stack is the shipped gateway, for `host`."""
    folder = servers.folder
    shutil.copytree(CHECKOUT / "nginx", folder / "nginx")
    (folder / STACK).mkdir(parents=True)
    shutil.copy(CHECKOUT / STACK / "gateway.yml", folder / STACK)
    (folder / STACK / "compose.yml").write_text("include: [gateway.yml]\n")
    document = yaml.safe_load(servers.file.read_text())
    document["hosts"][host]["stack"] = STACK
    servers.file.write_text(yaml.safe_dump(document, sort_keys=False))
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)


@dataclass(frozen=True, slots=True)
class Stack:
    """The checkout lies in the installation's own folder, beside its protostar.yml."""

    at: Installation

    @classmethod
    def of(cls, at: Installation) -> Stack:
        """Nothing of it is on the host yet."""
        stack = cls(at)
        at.hosts["here"] = {"local": True, "root": str(at.root), "stack": STACK}
        shutil.copytree(CHECKOUT / "nginx", at.folder / "nginx")
        for name, text in FILES.items():
            stack.write(f"{STACK}/{name}", text)
        stack.write(f"{STACK}/.env.j2", f"PROTOSTAR_PUBLIC=127.0.0.1:{at.public_port}\n")
        stack.compose_file("gateway.yml", stack.gateway())
        stack.compose_file("cache.yml", stack._cache())
        at.write()
        stack.git("init", "--quiet", "--initial-branch", "main")
        stack.commit()
        return stack

    def gateway(self) -> dict[str, Any]:
        """The one that is shipped, marked so that it is taken away again."""
        path = CHECKOUT / "compose/a5/gateway.yml"
        document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        document["services"]["gateway"] = self._labelled(document["services"]["gateway"])
        document["networks"]["edge"]["labels"] = {LABEL: self.at.tag}
        return document

    def _cache(self) -> dict[str, Any]:
        """With the network that Compose makes of itself, marked too."""
        return {
            "services": {"cache": self._labelled(CACHE)},
            "networks": {"default": {"labels": {LABEL: self.at.tag}}},
            "configs": {"redis": {"file": "./redis.conf"}},
        }

    def _labelled(self, service: dict[str, Any]) -> dict[str, Any]:
        labels = {**service.get("labels", {}), LABEL: self.at.tag}
        return {**service, "labels": labels, "restart": "no"}

    # --- the checkout -------------------------------------------------------------------------

    def path(self, name: str) -> Path:
        return self.at.folder / name

    def write(self, name: str, text: str) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")

    def compose_file(self, name: str, document: dict[str, Any]) -> None:
        self.write(f"{STACK}/{name}", yaml.safe_dump(document, sort_keys=False))

    def append(self, name: str, line: str) -> None:
        self.write(name, self.path(name).read_text(encoding="utf-8") + line + "\n")

    def git(self, *arguments: str) -> str:
        return git(self.at.folder, *arguments)

    def commit(self) -> None:
        commit(self.at.folder)

    # --- sync ---------------------------------------------------------------------------------

    def argv(self, command: str, *arguments: str) -> list[str]:
        module = [sys.executable, "-m", "pyhelpers.sync"]
        return [*module, command, "here", *arguments, "-f", str(self.at.file)]

    def sync(self, command: str, *arguments: str, **environ: str) -> Finished:
        env = {"CACHE_PASSWORD": PASSWORD, **environ}
        return self.at.command(self.argv(command, *arguments), env)

    def containers(self) -> dict[str, str]:
        """Of the stack and of its services: their ids by their names."""
        shown = ["--format", "{{.Names}} {{.ID}}", "--filter", f"name={self.at.tag}"]
        return dict(line.split() for line in docker("ps", *shown).splitlines())

    @property
    def current(self) -> str:
        """The release that serves."""
        return (self.at.root / "config/current").readlink().name
