"""Pebble, Let's Encrypt's own test server, with a DNS of the test's: as strict as the real one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench.engine import free_port
from tests.e2e.colours import wait_until
from tests.nginx.files import self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

HOOK = """\
#!{python}
import sys, httpx
what, record, value = sys.argv[1:]
path = "set-txt" if what == "present" else "clear-txt"
told = {{"host": record + ".", "value": value}}
httpx.post("{management}/" + path, json=told, trust_env=False).raise_for_status()
"""


def program(name: str) -> str:
    """Beside this Python, as script/pebble puts it, or in PATH."""
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert found, f"{name} is not installed: script/pebble"
    return found


@dataclass(slots=True)
class AcmeServer:
    """Proofs by HTTP are looked for at `http_port` of this machine, whatever the name."""

    folder: Path
    http_port: int
    port: int = field(default_factory=free_port)
    dns_port: int = field(default_factory=free_port)
    management_port: int = field(default_factory=free_port)
    roots_port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    refused: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/dir"

    @property
    def management(self) -> str:
        return f"http://127.0.0.1:{self.management_port}"

    def prepare(self) -> None:
        """Its own certificate, and the command that changes its DNS, for protostar.yml."""
        self_signed(self.folder / "authority", "localhost")
        hook = HOOK.format(python=sys.executable, management=self.management)
        (self.folder / "dns-record").write_text(hook, encoding="utf-8")
        (self.folder / "dns-record").chmod(0o755)
        self._configure()

    def _configure(self) -> None:
        (self.folder / "pebble.json").write_text(json.dumps(self._config()), encoding="utf-8")

    def _config(self) -> dict[str, Any]:
        authority = self.folder / "authority"
        return {
            "pebble": {
                "listenAddress": f"127.0.0.1:{self.port}",
                "managementListenAddress": f"127.0.0.1:{self.roots_port}",
                "certificate": str(authority / "fullchain.pem"),
                "privateKey": str(authority / "privkey.pem"),
                "httpPort": self.http_port,
                "tlsPort": free_port(),
                "retryAfter": {"authz": 1, "order": 1},
                "domainBlocklist": list(self.refused),
                "profiles": {"default": {"description": "90 days", "validityPeriod": 7_776_000}},
            }
        }

    def start(self) -> None:
        dns = f"127.0.0.1:{self.dns_port}"
        none = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-defaultIPv6", ""]
        management = ["-management", f"127.0.0.1:{self.management_port}"]
        self._run(program("pebble-challtestsrv"), "-dnsserver", dns, *management, *none)
        self._run(program("pebble"), "-config", str(self.folder / "pebble.json"), "-dnsserver", dns)
        trust = str(self.folder / "authority/fullchain.pem")
        wait_until(lambda: _answers(self.url, trust), "the ACME server answers")

    def root(self) -> Path:
        """The authority of what it issues; it makes another one at each start."""
        trust = ssl.create_default_context(cafile=str(self.folder / "authority/fullchain.pem"))
        with httpx.Client(verify=trust, trust_env=False) as client:
            found = client.get(f"https://localhost:{self.roots_port}/roots/0").raise_for_status()
        path = self.folder / "root.pem"
        path.write_text(found.text, encoding="utf-8")
        return path

    def refuse(self, *names: str) -> None:
        """From now on it issues nothing for them. It begins anew, and has forgotten everybody."""
        self.stop()
        self.refused = names
        self._configure()
        self.start()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Whoever connects is heard, and never answered."""
        self.stop()
        with socket.create_server(("127.0.0.1", self.port)):
            yield

    def _run(self, *argv: str) -> None:
        log = (self.folder / "pebble.log").open("ab")
        with log:
            self.processes.append(
                subprocess.Popen(
                    argv, stdout=log, stderr=log, env={**os.environ, "PEBBLE_VA_NOSLEEP": "1"}
                )
            )

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait(10)
        self.processes.clear()


def _answers(url: str, trust: str) -> bool:
    try:
        with httpx.Client(
            verify=ssl.create_default_context(cafile=trust), trust_env=False
        ) as client:
            return client.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False
