"""A gateway with https and no certificate yet, and an ACME server that can reach it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from bench.engine import docker, free_port
from bench.installation import Installation as Town
from pyhelpers.certs.commands import SERVED
from tests.e2e.acme_server import AcmeServer

if TYPE_CHECKING:
    from pathlib import Path

    from bench.installation import Finished

# The load asks it by its name, which must lead to this machine.
SHOP, OTHER, TOOLS = "localhost", "other.test", "tools.test"


class SecuredPlace:
    """One service behind it; `service` is its name."""

    def __init__(self, folder: Path) -> None:
        self.town, self.port = Town(folder / "town"), free_port()
        self.town.folder.mkdir(parents=True, exist_ok=True)
        self.acme = AcmeServer(self.town.folder, self.town.public_port)
        self.acme.prepare()
        gateway = {
            "container": self.town.gateway,
            "network": self.town.network,
            "private_port": self.town.private_port,
            "public_port": self.town.public_port,
            "tls": {"names": [SHOP], "certificate": SHOP, "port": self.port},
        }
        self.town.top = {"gateways": {"gateway": gateway}, "certificates": self._certificates()}

        self.service = self.town.add("api", route="/", bake={"for_s": 0}, drain_s=0)

    def start(self) -> None:
        self.acme.start()
        # What sync writes into the stack's .env.
        os.environ["PROTOSTAR_PUBLIC_TLS"] = f"127.0.0.1:{self.port}"
        try:
            self.town.start_gateway()
        finally:
            del os.environ["PROTOSTAR_PUBLIC_TLS"]

    def remove(self) -> None:
        self.acme.stop()
        self.town.remove()

    @property
    def url(self) -> str:
        return f"https://{SHOP}:{self.port}"

    def _certificates(self) -> dict[str, Any]:
        common = {"host": "here", "container": self.town.gateway}
        return {
            "server": self.acme.url,
            "trust": "authority/fullchain.pem",
            "dns": {"command": ["dns-record"], "wait_s": 0},
            "issue": {
                SHOP: {**common, "names": [SHOP]},
                OTHER: {**common, "names": [OTHER]},
                TOOLS: {
                    **common,
                    "names": [f"a.{TOOLS}", f"b.{TOOLS}"],
                    "challenge": "dns-01",
                    "container": "nobody",
                },
            },
        }

    def certs(self, *arguments: str) -> Finished:
        argv = [sys.executable, "-m", "pyhelpers.certs", *arguments, "-f", str(self.town.file)]
        return self.town.command(argv)

    def renewed(self, *arguments: str) -> dict[str, Any]:
        done = self.certs("renew", *arguments, "--json")
        assert done.code == 0, (done.out, done.err)
        found: dict[str, Any] = json.loads(done.out)[0]
        return found

    def served(self) -> str:
        """The fingerprint that a new connection gets; empty when there is no handshake."""
        script = ["sh", "-c", f"{SERVED} 2>/dev/null || :", "served", "443", SHOP]
        return docker("exec", self.town.gateway, *script).strip()

    def key(self, folder: str = SHOP) -> bytes:
        return (self.town.root / "certificates" / folder / "privkey.pem").read_bytes()

    def workers(self) -> list[str]:
        """Each of nginx's processes with its pid: others after each reload.

        Not whatever else runs in the container: a health check comes and goes.
        """
        processes = docker("top", self.town.gateway, "-eo", "pid,args").splitlines()
        return [each for each in processes if " nginx: " in each]

    def figures(self) -> str:
        return (self.town.root / "metrics/certificates.prom").read_text(encoding="utf-8")
