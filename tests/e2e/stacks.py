"""A server's own stack on this machine's engine: what is shipped, under names of its own, small."""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from bench.engine import CHECKOUT, LABEL, completed, docker, free_port

if TYPE_CHECKING:
    from pathlib import Path

# What is not small by itself; the files say what a whole server gives.
MEMORY = {"postgres": "700m", "cache": "128m"}
NETWORKS = (
    *("NETWORK", "APP_NETWORK", "DATA_NETWORK", "WATCH_NETWORK", "BACKUP_NETWORK"),
    *("ALERTS_NETWORK", "ENGINE_NETWORK", "INTAKE_NETWORK"),
)


@dataclass(frozen=True, slots=True)
class ServerStack:
    """compose/<server> with the values of its example, secrets among them."""

    server: str
    folder: Path
    tag: str = field(default_factory=lambda: f"t{secrets.token_hex(3)}")
    s3_port: int = field(default_factory=free_port)
    registry_port: int = field(default_factory=free_port)
    # Beside what is shipped: of a service, and of the settings.
    more: dict[str, dict[str, Any]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    # Where its files are; a rendered copy has what lies in folders `secrets`.
    source: Path | None = None

    @property
    def project(self) -> str:
        return f"test-{self.tag}"

    @property
    def environment(self) -> dict[str, str]:
        own = {f"PROTOSTAR_{name}": f"{self.project}-{name.lower()}" for name in NETWORKS}
        return {
            **own,
            "PROTOSTAR_VOLUMES": self.project,
            "PROTOSTAR_S3_LISTEN": f"127.0.0.1:{self.s3_port}",
            "PROTOSTAR_REGISTRY_PORT": str(self.registry_port),
            **self.given,
        }

    @property
    def example(self) -> Path:
        return CHECKOUT / "compose" / self.server / f"{self.server}.example.env"

    def secret(self, name: str) -> str:
        lines = self.example.read_text(encoding="utf-8").splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))

    def argv(self, *arguments: str) -> list[str]:
        entry = (self.source or CHECKOUT / "compose" / self.server) / "compose.yml"
        named = ["-p", self.project, "--env-file", str(self.example)]
        files = ["-f", str(entry), "-f", str(self._overlay(entry))]
        return ["docker", "compose", *named, *files, *arguments]

    def _overlay(self, entry: Path) -> Path:
        """Labels by which everything is found again, and small limits."""
        path = self.folder / f"{self.server}-{self.tag}.yml"
        files = yaml.safe_load(entry.read_text(encoding="utf-8")).get("include", [])
        documents = [yaml.safe_load((entry.parent / name).read_text()) for name in files]
        label = {"labels": {LABEL: self.tag}}
        overlay: dict[str, Any] = {
            section: {name: dict(label) for each in documents for name in each.get(section) or {}}
            for section in ("services", "networks", "volumes")
        }
        for name, service in overlay["services"].items():
            service["restart"] = "no"
            service.update(self.more.get(name, {}))
            if name in MEMORY:
                service["mem_limit"] = MEMORY[name]
        path.write_text(yaml.safe_dump(overlay))
        return path

    def compose(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return completed(self.argv(*arguments), {**self.environment, **environ})

    def up(self, *services: str) -> None:
        """Until they are healthy."""
        done = self.compose("up", "--detach", "--wait", "--wait-timeout", "60", *services)
        assert done.returncode == 0, (done.stderr, self.compose("logs").stdout)

    def job(self, service: str, **environ: str) -> str:
        """What it says; it must end well."""
        done = self.compose("run", "--rm", "--no-deps", service, **environ)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def container(self, service: str) -> str:
        return f"{self.project}-{service}-1"

    def within(
        self, service: str, *argv: str, given: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """A program in the running container; `given` is its stdin."""
        variables = [word for name in environ for word in ("--env", name)]
        command = ["docker", "exec", "--interactive", *variables, self.container(service), *argv]
        return subprocess.run(
            command,
            input=given,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def remove(self) -> None:
        self.compose("down", "--volumes", "--timeout", "3", "--remove-orphans")
        label = ["--filter", f"label={LABEL}={self.tag}"]
        left = docker("ps", "--all", "--quiet", *label).split()
        if left:
            docker("rm", "--force", "--volumes", *left)
