"""Three empty servers, and the infra checkout from which docs/bootstrap.md makes an installation.

A server is a container with sshd and an engine of its own. Nothing of it is left behind.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import yaml

from bench import bootstrap
from bench.engine import CHECKOUT, LABEL, docker
from bench.server import ROOT, Server
from bench.stack import git
from tests.nginx.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Each with the names that lead to it. `home.example.org`: the router, which hands 8888 on.
SERVERS = {
    "a5": ("a5.lan", "shop.example.org"),
    "centre": ("centre.lan", "home.example.org"),
    "proxy": ("proxy.example.org", "s3.example.org"),
}
SHOP, OPS, S3 = "shop.example.org", "ops.example.org", "s3.example.org"
# What the list needs of the checkout.
FOLDERS = ("compose", "docker", "examples", "nginx", "script")
# No deploy user, and no key but root's.
EMPTY = ("--env", "SERVER_USER=")
# What the page has its reader fill in; nobody answers by these names, and inadyn goes on asking.
PROVIDER = {
    "DYNDNS_SERVER": "dyn.invalid",
    "DYNDNS_USERNAME": "home",
    "DYNDNS_PASSWORD": "x",
    "BACKUP_STORE": "s3:http://centre.lan:7070/backups/a5",
    "BACKUP_SECRET_KEY": "x",
    "CENTRE_BACKUP_STORE": "s3:https://s3.invalid/centre",
    "CENTRE_BACKUP_SECRET_KEY": "x",
    "INTAKE_URL": "http://centre.lan:7171",
    "ALERT_WEBHOOK": "http://hook.invalid/",
    "ALERT_WATCHDOG": "http://watchdog.invalid/",
    "ALERT_SMTP_SERVER": "mail.invalid:587",
    "ALERT_SMTP_USERNAME": "x",
    "ALERT_SMTP_PASSWORD": "x",
    "ALERT_MAIL_FROM": "centre@example.org",
    "ALERT_MAIL_TO": "ops@example.org",
}
# What a shell has after the list's first step.
SETTINGS = ("export PROTOSTAR_SSH_KEY=$PWD/deploy.key", "set -a; . ./secrets.env; set +a")
LIST_S = 900.0


@dataclass
class Whole:
    """The servers by their names in protostar.yml, and the folder with the checkout."""

    folder: Path
    tag: str = field(default_factory=lambda: f"t{secrets.token_hex(2)}")
    servers: dict[str, Server] = field(default_factory=dict)

    # --- making it ----------------------------------------------------------------------------

    def start(self) -> None:
        """Three servers to which root's key leads, and a checkout. Nothing is on any of them."""
        self.folder.mkdir(parents=True)
        docker("network", "create", "--label", f"{LABEL}={self.tag}", f"servers-{self.tag}")
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.root_key)]
        subprocess.run(argv, check=True, timeout=20)
        public = self.root_key.with_suffix(".pub").read_text()
        for name, names in SERVERS.items():
            aliases = [word for each in names for word in ("--network-alias", each)]
            where = f"{name}-{self.tag}"
            self.servers[name] = Server.start(where, self.tag, public, *EMPTY, *aliases)
        self._ways()
        self._checkout()

    def _ways(self) -> None:
        """ssh_config and known_hosts, as somebody has them who has logged in once to each."""
        config, known = [], []
        for name, server in self.servers.items():
            known_as, address = SERVERS[name][0], server.address
            kind, key = server.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
            known.append(f"{address} {kind} {key}\n")
            config.append(f"Host {known_as}\n  HostName {address}\n")
        common = (
            f"Host *\n  IdentityFile {self.root_key}\n  UserKnownHostsFile {self.known_hosts}\n"
        )
        self.ssh_config.write_text("".join(config) + common)
        self.known_hosts.write_text("".join(known))

    def _checkout(self) -> None:
        for name in FOLDERS:
            source = CHECKOUT / name
            shutil.copytree(source, self.checkout / name, ignore=shutil.ignore_patterns("*.env"))
        (self.checkout / ".gitignore").write_text(CHECKOUT.joinpath(".gitignore").read_text())
        (self.checkout / "protostar.yml").write_text(self._configuration())
        given = "".join(f"{name}={value}\n" for name, value in PROVIDER.items())
        (self.checkout / "secrets.env").write_text(given)
        git(self.checkout, "init", "--quiet", "--initial-branch", "main")
        git(self.checkout, "add", "--all")
        git(self.checkout, "commit", "--quiet", "--message", "our servers")
        self._protostar()

    def _configuration(self) -> str:
        """The page's, with the addresses that these containers have."""
        document: dict[str, Any] = yaml.safe_load(bootstrap.configuration(bootstrap.page()))
        document["ops"]["proxy_address"] = self.servers["proxy"].address
        document["ops"]["allow"] = [self.us]
        return yaml.safe_dump(document, sort_keys=False)

    def _protostar(self) -> None:
        """What script/setup puts into .venv/bin; here from this checkout and interpreter."""
        program = self.folder / "bin" / "protostar"
        program.parent.mkdir()
        run = f"{shlex.quote(sys.executable)} -c 'from pyhelpers.cli import main; main()'"
        where = f"PYTHONPATH={shlex.quote(str(CHECKOUT))}"
        program.write_text(f'#!/bin/sh\n{where} exec {run} "$@"\n')
        program.chmod(0o755)

    # --- names and addresses ------------------------------------------------------------------

    @property
    def checkout(self) -> Path:
        return self.folder / "infra"

    @property
    def root_key(self) -> Path:
        return self.folder / "root_ed25519"

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @cached_property
    def us(self) -> str:
        """Where we come from, as each server sees it."""
        shown = "{{(index .IPAM.Config 0).Gateway}}"
        return docker("network", "inspect", "--format", shown, f"servers-{self.tag}").strip()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PROTOSTAR_SSH_CONFIG": str(self.ssh_config),
            "GIT_AUTHOR_NAME": "bootstrap",
            "GIT_AUTHOR_EMAIL": "bootstrap@localhost",
            "GIT_COMMITTER_NAME": "bootstrap",
            "GIT_COMMITTER_EMAIL": "bootstrap@localhost",
        }

    # --- using it -----------------------------------------------------------------------------

    def bootstrap(self) -> Iterator[str]:
        """Run the page's list; its lines, and what each says, as they come.

        Raises `RuntimeError` when a command fails; it has said why.
        """
        yield from self.typed(*bootstrap.commands(bootstrap.page(), pulled=False))

    def typed(self, *lines: str) -> Iterator[str]:
        """In the checkout, in a shell of their own."""
        with subprocess.Popen(
            ["timeout", f"{LIST_S:g}", "bash", "-c", bootstrap.script(list(lines))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.checkout,
            env=self.environment,
        ) as shell:
            for line in shell.stdout or ():
                yield line.rstrip("\n")
        if shell.returncode:
            raise RuntimeError(f"a command of the list ended with {shell.returncode}")

    # --- looking ------------------------------------------------------------------------------

    def path_a(self) -> Client:
        """A user's client, which trusts the shop's own certificate."""
        return Client(self.servers["a5"].address, SHOP, self._certificate("a5", SHOP))

    def path_b(self, address: str = "", port: int = 443) -> Client:
        """An admin's, by way of the proxy."""
        address = address or self.servers["proxy"].address
        return Client(address, S3, self._certificate("centre", OPS), port)

    def _certificate(self, host: str, name: str) -> Path:
        folder = self.folder / name
        if not folder.exists():
            pem = self.servers[host].run("cat", f"{ROOT}/certificates/{name}/fullchain.pem")
            folder.mkdir()
            (folder / "fullchain.pem").write_text(pem)
        return folder

    def containers(self) -> dict[str, list[str]]:
        """Of each server: those that are there, with their ids."""
        shown = ("ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}")
        return {n: sorted(s.docker(*shown).splitlines()) for n, s in self.servers.items()}

    # --- taking it away -----------------------------------------------------------------------

    def remove(self) -> None:
        label = ["--filter", f"label={LABEL}={self.tag}"]
        if found := docker("ps", "-aq", *label).split():
            docker("rm", "--force", "--volumes", *found)
        if found := docker("network", "ls", "-q", *label).split():
            docker("network", "rm", *found)
        shutil.rmtree(self.folder, ignore_errors=True)
