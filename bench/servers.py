"""An installation on servers of its own, deployed to over SSH from this machine."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import yaml

from bench.engine import CHECKOUT, LABEL, completed, docker, python
from bench.installation import Finished
from bench.server import ROOT, USER, Server

if TYPE_CHECKING:
    from pathlib import Path

NGINX_IMAGE = "protostar/nginx:1.30"


@dataclass(slots=True)
class Servers:
    """One network, some servers on it, one protostar.yml under `folder` that names them a5, a6…"""

    folder: Path
    tag: str = field(default_factory=lambda: f"t{secrets.token_hex(2)}")
    servers: dict[str, Server] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)]
        subprocess.run(argv, check=True, timeout=20)
        docker("network", "create", "--label", f"{LABEL}={self.tag}", self.network)

    @property
    def key(self) -> Path:
        return self.folder / "id_ed25519"

    @property
    def file(self) -> Path:
        return self.folder / "protostar.yml"

    @property
    def network(self) -> str:
        return f"servers-{self.tag}"

    # --- making it ----------------------------------------------------------------------------

    def add_server(self, host: str, *options: str, images: tuple[str, ...] = ()) -> Server:
        """A server with the gateway's image, and `images`, in its engine."""
        public = self.key.with_suffix(".pub").read_text()
        server = Server.start(f"{host}-{self.tag}", self.tag, public, *options)
        self.servers[host] = server
        server.load(NGINX_IMAGE, *images)
        self.write()
        return server

    def add(self, name: str, example: str = "app", **settings: Any) -> None:
        """A service made of examples/<example>, on the hosts that `settings` names."""
        environment = settings.pop("environment", {})
        document = yaml.safe_load((CHECKOUT / "examples" / example / "compose.yml").read_text())
        service = next(iter(document["services"].values()))
        service["environment"] = {**service.get("environment", {}), **environment}
        (self.folder / f"{name}.yml").write_text(yaml.safe_dump(document, sort_keys=False))
        self.services[name] = {
            "image": f"protostar-example/{example}",
            "compose": f"{name}.yml",
            "compose_service": "app" if example == "app" else "worker",
            "port": 3000 if example == "app" else 8000,
            **settings,
        }
        self.write()

    def set(self, name: str, **settings: Any) -> None:
        self.services[name] |= settings
        self.write()

    def set_environment(self, name: str, **variables: str) -> None:
        """Change what the containers get. The same image then makes another release."""
        path = self.folder / f"{name}.yml"
        document = yaml.safe_load(path.read_text())
        next(iter(document["services"].values()))["environment"] |= variables
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def write(self) -> None:
        hosts = {host: self._host(server) for host, server in self.servers.items()}
        document = {"project": f"test-{self.tag}", "hosts": hosts, "services": self.services}
        self.file.write_text(yaml.safe_dump({**document, **self.top}, sort_keys=False))

    def _host(self, server: Server) -> dict[str, str]:
        return {
            "ssh": f"{USER}@{server.address}",
            "host_key": server.fingerprint,
            "root": ROOT,
        }

    def start_gateways(self) -> None:
        for host, server in self.servers.items():
            conf = self.folder / f"nginx-{host}"
            nginx = ["--nginx", str(CHECKOUT / "nginx"), "--to", str(conf)]
            python("-m", "pyhelpers.sync", "render", host, *nginx, "-f", str(self.file))
            server.start_gateway(conf)

    # --- using it -----------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The user's own ssh_config and keys stay out of it."""
        return {"PROTOSTAR_SSH_KEY": str(self.key), "PROTOSTAR_SSH_CONFIG": "/dev/null"}

    def argv(self, *arguments: str) -> list[str]:
        command, *rest = arguments
        return [sys.executable, "-m", "pyhelpers.deploy", command, *rest, "-f", str(self.file)]

    def deploy(self, *arguments: str, env: dict[str, str] | None = None) -> Finished:
        """`python -m pyhelpers.deploy …` as a person would type it, to its end."""
        started = time.monotonic()
        done = completed(self.argv(*arguments), {**self.environment, **(env or {})})
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def url(self, host: str) -> str:
        return f"http://{self.servers[host].address}"

    def answers(self, host: str) -> bool:
        """Whether an ordinary request gets its answer."""
        try:
            return requests.get(self.url(host), timeout=2).ok
        except requests.RequestException:
            return False

    def live(self, host: str, name: str) -> str:
        """What the markers say: 'blue', 'green', '' or both."""
        names = sorted(self.servers[host].run("ls", f"{ROOT}/live").split())
        return "+".join(n.removeprefix(f"{name}.") for n in names if n.startswith(f"{name}."))

    def history(self, host: str, name: str) -> list[dict[str, Any]]:
        text = self.servers[host].run("cat", f"{ROOT}/history/{name}.jsonl")
        return [json.loads(line) for line in text.splitlines()]

    def locked(self, host: str, name: str) -> bool:
        """By the lock itself; shared, so that two who look are no holder to each other."""
        lock = f"{ROOT}/guard/{name}/lock"
        look = ["flock", "--shared", "--nonblock", lock, "true"]
        return self.servers[host].tried(*look).returncode == 1

    def remove(self) -> None:
        for server in self.servers.values():
            server.remove()
        docker("network", "rm", self.network)
        shutil.rmtree(self.folder, ignore_errors=True)
