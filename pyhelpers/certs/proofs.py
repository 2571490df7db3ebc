"""How it is proven that a name is ours: a file that the gateway serves, or a record of the DNS."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyhelpers.certs.commands import CHALLENGES
from pyhelpers.errors import FailedBeforeSwitch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyhelpers.hosts.protocol import Host

HOOK_S = 120.0


@dataclass(slots=True)
class HttpProof:
    """HTTP-01: the gateway serves the folder on port 80."""

    host: Host
    kind: str = "http-01"

    @contextmanager
    def shown(self, _name: str, token: str, value: str) -> Iterator[None]:
        path = self.host.root / CHALLENGES / token
        self.host.put(path, value.encode(), 0o644)
        try:
            yield
        finally:
            self.host.run(["rm", "-f", str(path)], deadline_s=20)

    def settle(self) -> None:
        """It is there at once."""


@dataclass(slots=True)
class DnsProof:
    """DNS-01: a command puts a TXT record where it can be asked for, and takes it away again."""

    here: Host
    command: Sequence[str]
    wait_s: float
    sleep: Callable[[float], None]
    kind: str = field(default="dns-01")

    @contextmanager
    def shown(self, name: str, _token: str, value: str) -> Iterator[None]:
        record = f"_acme-challenge.{name.removeprefix('*.')}"
        self._run("present", record, value)
        try:
            yield
        finally:
            self._run("cleanup", record, value)

    def settle(self) -> None:
        self.sleep(self.wait_s)

    def _run(self, what: str, record: str, value: str) -> None:
        done = self.here.run([*self.command, what, record, value], deadline_s=HOOK_S)
        if not done.ok:
            said = (done.err.strip() or done.out.strip() or f"status {done.status}").splitlines()
            raise FailedBeforeSwitch(
                error=f"{self.command[0]} {what} {record}: {said[-1]}",
                state="the certificate that is there stays",
                try_=f"{self.command[0]} {what} {record} test",
            )
