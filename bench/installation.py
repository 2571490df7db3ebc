"""A whole small installation on this machine's engine: gateway, network, services, protostar.yml.

The demo, the benches and the end-to-end tests all run on one of these. Everything it makes
carries the label `org.protostar.test` or a name of its own, and `remove` takes it all away.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import yaml

from bench.engine import CHECKOUT, LABEL, completed, docker, free_port, python

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Finished:
    """A command of the deployer that ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def told(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Installation:
    """One gateway and its services under `folder`; names do not collide with another one's."""

    folder: Path
    # A letter first: Compose reads an unquoted 0595 or 1e30 in YAML as a number.
    tag: str = field(default_factory=lambda: f"t{secrets.token_hex(2)}")
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    public_port: int = 0
    private_port: int = 0
    top: dict[str, Any] = field(default_factory=dict)  # what else protostar.yml says
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)  # beside the one that is here
    way_in: dict[str, Any] = field(default_factory=dict)  # what else it says of the gateway

    def __post_init__(self) -> None:
        self.public_port, self.private_port = free_port(), free_port()

    # --- names --------------------------------------------------------------------------------

    @property
    def file(self) -> Path:
        return self.folder / "protostar.yml"

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def nginx(self) -> Path:
        return self.root / "config/current/nginx"

    @property
    def gateway(self) -> str:
        return f"gateway-{self.tag}"

    @property
    def network(self) -> str:
        return f"protostar-{self.tag}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.public_port}"

    @property
    def private_url(self) -> str:
        return f"http://127.0.0.1:{self.private_port}"

    def service(self, short: str) -> str:
        return f"{short}-{self.tag}"

    # --- making it ----------------------------------------------------------------------------

    def add(
        self,
        short: str,
        example: str = "app",
        *,
        environment: dict[str, str] | None = None,
        **settings: Any,
    ) -> str:
        """Add a service made of examples/<example>. Returns its name."""
        name = self.service(short)
        self._compose_file(name, example, environment or {})
        key = "app" if example == "app" else "worker"
        self.services[name] = {
            "host": "here",
            "image": f"protostar-example/{example}",
            "compose": f"{name}.yml",
            "compose_service": key,
            "port": 3000 if example == "app" else 8000,
            **settings,
        }
        self.write()
        return name

    def _compose_file(self, name: str, example: str, environment: dict[str, str]) -> None:
        source = CHECKOUT / "examples" / example / "compose.yml"
        document = yaml.safe_load(source.read_text())
        service = next(iter(document["services"].values()))
        service["labels"] = {LABEL: self.tag}
        service["environment"] = {**service.get("environment", {}), **environment}
        for volume in (document.get("volumes") or {}).values():
            volume["name"] = f"{volume['name']}-{self.tag}"
            volume["labels"] = {LABEL: self.tag}
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.yml").write_text(yaml.safe_dump(document, sort_keys=False))

    def write(self) -> None:
        document = {
            "project": f"test-{self.tag}",
            "hosts": {"here": {"local": True, "root": str(self.root)}, **self.hosts},
            "gateways": {
                "gateway": {
                    "container": self.gateway,
                    "network": self.network,
                    "private_port": self.private_port,
                    "public_port": self.public_port,
                    **self.way_in,
                }
            },
            "services": self.services,
            **self.top,
        }
        self.file.write_text(yaml.safe_dump(document, sort_keys=False))

    def set(self, name: str, **settings: Any) -> None:
        self.services[name] |= settings
        self.write()

    def set_environment(self, name: str, **variables: str) -> None:
        """Change what the containers get. The same image then makes another release."""
        path = self.folder / f"{name}.yml"
        document = yaml.safe_load(path.read_text())
        next(iter(document["services"].values()))["environment"] |= variables
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def start_gateway(self) -> None:
        """Render its configuration, start it, wait until it answers."""
        for name in ("live", "certificates"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self.render()
        overlay = {
            "services": {"gateway": {"labels": {LABEL: self.tag}, "restart": "no"}},
            "networks": {"edge": {"labels": {LABEL: self.tag}}},
        }
        path = self.folder / "gateway-test.yml"
        path.write_text(yaml.safe_dump(overlay))
        files = ["-f", str(CHECKOUT / "compose/a5/gateway.yml"), "-f", str(path)]
        environment = {
            "PROTOSTAR_ROOT": str(self.root),
            "PROTOSTAR_GATEWAY": self.gateway,
            "PROTOSTAR_NETWORK": self.network,
            "PROTOSTAR_PUBLIC": f"127.0.0.1:{self.public_port}",
            "PROTOSTAR_PRIVATE_PORT": str(self.private_port),
        }
        docker("compose", *files, "up", "-d", env=environment)
        self.wait_for_gateway()

    def render(self) -> None:
        """As somebody without `sync apply` would: into config/current."""
        python(
            "-m",
            "pyhelpers.sync",
            "render",
            "here",
            "--nginx",
            str(CHECKOUT / "nginx"),
            "--to",
            str(self.nginx),
            "-f",
            str(self.file),
        )

    def wait_for_gateway(self, deadline_s: float = 20.0) -> None:
        until = time.monotonic() + deadline_s
        while time.monotonic() < until:
            try:
                if requests.get(f"{self.private_url}/-/gateway", timeout=1).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise RuntimeError(f"{self.gateway} does not answer: {docker('logs', self.gateway)}")

    # --- using it -----------------------------------------------------------------------------

    def deploy(self, *arguments: str, env: dict[str, str] | None = None) -> Finished:
        """`python -m pyhelpers.deploy …` as a person would type it, to its end."""
        return self.command(self.argv(*arguments), env)

    def command(self, argv: list[str], env: dict[str, str] | None = None) -> Finished:
        started = time.monotonic()
        done = completed(argv, env)
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def argv(self, *arguments: str) -> list[str]:
        command, *rest = arguments
        return [sys.executable, "-m", "pyhelpers.deploy", command, *rest, "-f", str(self.file)]

    def live(self, name: str) -> str:
        """What the markers say: 'blue', 'green', '' or both."""
        prefix = f"{name}."
        names = sorted(p.name for p in (self.root / "live").iterdir())
        return "+".join(n.removeprefix(prefix) for n in names if n.startswith(prefix))

    def containers(self, name: str, *, all_: bool = False) -> list[str]:
        """Names of the service's containers, hooks left out."""
        out = docker(
            "ps",
            *(["-a"] if all_ else []),
            "--format",
            "{{.Names}}",
            "--filter",
            f"label=org.protostar.service={name}",
            "--filter",
            "label=com.docker.compose.oneoff=False",
        )
        return sorted(out.split())

    def locked(self, name: str) -> bool:
        lock = self.root / "guard" / name / "lock"
        if not lock.exists():
            return False
        # Shared, so that two who look do not take each other for the holder.
        argv = ["flock", "--shared", "--nonblock", str(lock), "true"]
        return subprocess.run(argv, check=False).returncode != 0

    def guard_pid(self, name: str) -> int:
        """As the owner file says; 0 when there is none."""
        path = self.root / "guard" / name / "owner"
        found = re.search(r"^pid=(\d+)$", path.read_text() if path.exists() else "", re.MULTILINE)
        return int(found[1]) if found else 0

    def history(self, name: str) -> list[dict[str, Any]]:
        path = self.root / "history" / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def stored_orders(self, name: str) -> list[str]:
        """What the example has written, read through whichever container runs."""
        container = self.containers(name)[0]
        return docker("exec", container, "cat", "/data/orders.log").splitlines()

    # --- taking it away -----------------------------------------------------------------------

    def remove(self) -> None:
        for name in self.services:
            self._end_guard(name)
        label = ["--filter", f"label={LABEL}={self.tag}"]
        ids = set(docker("ps", "-aq", *label).split())
        for name in self.services:
            ids |= set(
                docker("ps", "-aq", "--filter", f"label=org.protostar.service={name}").split()
            )
        if ids:
            docker("rm", "-f", *ids)
        for kind in ("volume", "network"):
            names = docker(kind, "ls", "-q", *label).split()
            if names:
                docker(kind, "rm", *names)
        for name in self.services:
            tags = docker(
                "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"protostar-release/{name}"
            ).split()
            if tags:
                docker("image", "rm", *tags)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_guard(self, name: str, deadline_s: float = 15.0) -> None:
        """A guard that still drains and stops gets its time; then it is ended."""
        until = time.monotonic() + deadline_s
        while self.locked(name) and time.monotonic() < until:
            time.sleep(0.1)
        if self.locked(name) and (pid := self.guard_pid(name)):
            os.kill(pid, signal.SIGKILL)
