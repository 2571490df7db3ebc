"""The three servers' nginx as containers on networks of their own, with what stands behind them."""

from __future__ import annotations

import random
import secrets
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import httpx

from bench.engine import CHECKOUT, LABEL, docker
from tests.e2e.colours import wait_until

from .files import (
    GRAFANA,
    HARDENED,
    HOME,
    NGINX,
    OPS,
    S3,
    SERVERS,
    SHOP,
    config,
    nginx_command,
    rendered,
    self_signed,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyhelpers.config.model import Config

PYTHON = "protostar-example/app:v1"
NETWORK_TRIES = 5


@dataclass
class Installation:
    """`wan`: client, proxy and Centre's router. `lan`: Centre's tools. `edge`: A5.

    The client is this process; its address is the bridge's own.
    """

    folder: Path
    tag: str = field(default_factory=lambda: f"t{secrets.token_hex(2)}")
    subnets: dict[str, IPv4Network] = field(default_factory=dict)

    # --- names and addresses ------------------------------------------------------------------

    def name(self, short: str) -> str:
        return f"{short}-{self.tag}"

    def address(self, network: str, number: int) -> str:
        return str(self.subnets[network][number])

    @property
    def gateway(self) -> str:
        return self.address("edge", 2)

    @property
    def proxy(self) -> str:
        return self.address("wan", 2)

    @property
    def centre(self) -> str:
        return self.address("wan", 3)

    @property
    def store(self) -> str:
        """By its address: that stays when its server is off, as a name in a router's DNS does."""
        return f"{self.address('edge', 4)}:3000"

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    @cached_property
    def config(self) -> Config:
        tls = {"names": [SHOP, f"www.{SHOP}"], "certificate": SHOP}
        static = {"store": self.store, "path": "/files/"}
        return config(self.proxy, self.address("wan", 1), tls=tls, static=static)

    def files(self, server: str) -> Path:
        return self.folder / server

    # --- making it ----------------------------------------------------------------------------

    def start(self) -> None:
        for network in ("edge", "wan", "lan"):
            self._network(network)
        self._certificates()
        self._markers()
        for server in SERVERS:
            write(self.files(server), rendered(self.config, server))
        self._echo()
        self._store()
        live = ["-v", f"{self.folder}/live:/live:ro"]
        self.nginx("a5", "edge", self.gateway, *self.keys, *live)
        home = ("--network-alias", HOME)
        self.nginx("centre", "wan", self.centre, *self.keys, *home, beside="lan")
        self.nginx("proxy", "wan", self.proxy)
        for server, address in zip(SERVERS, (self.gateway, self.centre, self.proxy), strict=True):
            wait_until(partial(self.loaded, server, address), f"{server} answers", 20)

    def _network(self, short: str) -> None:
        """A free one of 16 addresses, so that each server's address is known before it starts."""
        for last in range(NETWORK_TRIES - 1, -1, -1):
            pick = random.randrange(1 << 17)
            subnet = IPv4Network((int(IPv4Network("10.224.0.0/11")[0]) + pick * 16, 28))
            label = f"{LABEL}={self.tag}"
            try:
                docker(
                    *("network", "create", "--subnet", str(subnet), "--gateway", str(subnet[1])),
                    *("--label", label, self.name(short)),
                )
            except RuntimeError:
                if not last:
                    raise
            else:
                self.subnets[short] = subnet
                return

    def _certificates(self) -> None:
        self_signed(self.certificates / SHOP, SHOP, f"www.{SHOP}")
        self_signed(self.certificates / OPS, GRAFANA, S3)
        proof = self.certificates / "acme/.well-known/acme-challenge/token"
        proof.parent.mkdir(parents=True)
        proof.write_text("proof")

    def _markers(self) -> None:
        (self.folder / "live").mkdir(parents=True)
        for service in ("api", "web"):
            (self.folder / f"live/{service}.blue").touch()

    @property
    def keys(self) -> list[str]:
        return ["-v", f"{self.certificates}:/certificates:ro"]

    def nginx(
        self, server: str, network: str, address: str, *options: str, beside: str = ""
    ) -> None:
        """`beside`: another network that it is on from its first moment."""
        mount = f"{self.files(server)}:/etc/protostar:ro"
        docker(
            *("create", "--name", self.name(server), "--label", f"{LABEL}={self.tag}"),
            *("--network", self.name(network), "--ip", address, *HARDENED, "-v", mount, *options),
            *(NGINX, *nginx_command("-g", "daemon off;")),
        )
        if beside:
            docker("network", "connect", self.name(beside), self.name(server))
        docker("start", self.name(server))

    def _echo(self) -> None:
        """Behind both paths. On `wan` it is a stranger, until `lead_home` makes it the home."""
        docker(
            *("create", "--name", self.name("echo"), "--label", f"{LABEL}={self.tag}"),
            *("--network", self.name("edge"), "--ip", self.address("edge", 3)),
            *("--network-alias", "api-blue"),
            *("-v", f"{CHECKOUT}/tests/nginx/echo.py:/echo.py:ro"),
            *(PYTHON, "python3", "/echo.py"),
        )
        docker("network", "connect", "--alias", "grafana", self.name("lan"), self.name("echo"))
        where = ["--ip", self.address("wan", 4), self.name("wan")]
        docker("network", "connect", *where, self.name("echo"))
        docker("start", self.name("echo"))

    def _store(self) -> None:
        """Where static files come from: the same program, which says what it was asked."""
        docker(
            *("run", "--detach", "--name", self.name("store"), "--label", f"{LABEL}={self.tag}"),
            *("--network", self.name("edge"), "--ip", self.address("edge", 4)),
            *("-v", f"{CHECKOUT}/tests/nginx/echo.py:/echo.py:ro"),
            *(PYTHON, "python3", "/echo.py"),
        )

    def loaded(self, server: str, address: str) -> bool:
        """As sync asks: nginx names the files that it has loaded."""
        try:
            told = httpx.get(f"http://{address}:8081/-/config", trust_env=False, timeout=1)
        except httpx.TransportError:
            return False
        return told.text.strip() in (self.files(server) / "digest.conf").read_text()

    # --- using it -----------------------------------------------------------------------------

    def inside(self, short: str, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = ["docker", "exec", "-i", self.name(short), *argv]
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=30,
        )

    def handshake(self, short: str, with_: str, *options: str, name: str) -> str:
        """What openssl in that container says of it, a client that would do anything."""
        servername = ["-servername", name] if name else ["-noservername"]
        argv = ["openssl", "s_client", "-connect", with_, *servername, *options]
        done = self.inside(short, *argv)
        return done.stdout + done.stderr

    @contextmanager
    def without(self, short: str) -> Iterator[None]:
        """Its server is off: whoever asks its address hears nothing."""
        docker("stop", "--time", "0", self.name(short))
        try:
            yield
        finally:
            docker("start", self.name(short))

    def lead_home(self, to: str) -> None:
        """The provider gives the home another address: its name leads to `to` from now on."""
        for short, address in (("centre", self.centre), ("echo", self.address("wan", 4))):
            network, container = self.name("wan"), self.name(short)
            alias = ["--alias", HOME] if short == to else []
            docker("network", "disconnect", network, container)
            docker("network", "connect", "--ip", address, *alias, network, container)

    @contextmanager
    def captured_on_proxy(self) -> Iterator[dict[str, bytes]]:
        """All that goes through it while the block lasts: the bytes by `SOURCE>DESTINATION`."""
        options = ["--network", f"container:{self.name('proxy')}", "--user", "0"]
        options += ["--cap-drop", "ALL", "--cap-add", "NET_RAW", "--name", self.name("capture")]
        options += ["--label", f"{LABEL}={self.tag}"]
        mount = ["-v", f"{CHECKOUT}/tests/nginx/capture.py:/capture.py:ro"]
        argv = ["docker", "run", "--rm", "-i", *options, *mount, PYTHON, "python3", "/capture.py"]
        found: dict[str, bytes] = {}
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as capture:
            assert capture.stdout is not None
            assert capture.stdout.readline() == "listening\n"
            yield found
            out, _ = capture.communicate(timeout=30)
        for way, payload in (line.split() for line in out.splitlines()):
            found[way] = found.get(way, b"") + bytes.fromhex(payload)

    # --- taking it away -----------------------------------------------------------------------

    def remove(self) -> None:
        label = ["--filter", f"label={LABEL}={self.tag}"]
        if ids := docker("ps", "-aq", *label).split():
            docker("rm", "-f", *ids)
        if names := docker("network", "ls", "-q", *label).split():
            docker("network", "rm", *names)
        shutil.rmtree(self.folder, ignore_errors=True)
