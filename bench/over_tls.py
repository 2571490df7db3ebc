"""A stack whose gateway speaks TLS, and clients of it: of HTTP/1.1, and of HTTP/2."""

from __future__ import annotations

import re
import secrets
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from bench.engine import LABEL, docker, free_port
from bench.load import Options
from bench.output import BenchError
from tests.nginx.files import self_signed

if TYPE_CHECKING:
    from bench.installation import Installation
    from bench.stack import Stack

SHOP = "shop.test"
LIMITS = "nginx/mixins/limits.conf"
H2LOAD = "protostar-bench/h2load:1"
H2_CLIENTS = 12
# To one server over HTTP/1.1.
BROWSERS_CONNECTIONS = 6
END_S = 60.0


def secure(at: Installation) -> None:
    """TLS at its gateway from the first sync on, with a certificate of its own."""
    port = free_port()
    at.way_in["tls"] = {"names": [SHOP], "certificate": SHOP, "port": port}
    self_signed(at.root / "certificates" / SHOP, SHOP)


def ease(stack: Stack) -> None:
    """One client stands for many here: what one may ask for is raised tenfold."""
    stack.write(LIMITS, eased(stack.path(LIMITS).read_text(encoding="utf-8")))
    stack.commit()


def eased(limits: str) -> str:
    """The same file with every rate tenfold. Pure."""
    return re.sub(r"rate=(\d+)r/s", r"rate=\g<1>0r/s", limits)


def port_of(at: Installation) -> int:
    return int(at.way_in["tls"]["port"])


def options(at: Installation, rate: float, **more: Any) -> Options:
    """Of a load over TLS that asks for the shop by its name, and trusts its certificate."""
    more = {"connections": BROWSERS_CONNECTIONS, **more}
    ca = str(at.root / "certificates" / SHOP / "fullchain.pem")
    return Options(f"https://127.0.0.1:{port_of(at)}", rate, name=SHOP, ca=ca, **more)


@dataclass(frozen=True, slots=True)
class Told:
    """What h2load counts. A request that it did not get to send is none."""

    requests: int
    failed: int


class Http2:
    """About `rate` requests a second over HTTP/2, on kept connections, for `seconds`.

    It never sends a request a second time, and opens no new connection where the server has ended
    one: what it began until then counts.
    """

    def __init__(self, at: Installation, rate: float, seconds: int) -> None:
        self._name = f"h2load-{secrets.token_hex(3)}"
        each = max(1, round(rate / H2_CLIENTS))
        how = ["--clients", str(H2_CLIENTS), "--threads", "1", "--rps", str(each)]
        target = [f"--connect-to=127.0.0.1:{port_of(at)}", f"https://{SHOP}/"]
        options = ["--rm", "--network", "host", "--label", f"{LABEL}={at.tag}"]
        argv = ["docker", "run", "--name", self._name, *options, H2LOAD, *how]
        self._argv = [*argv, "--duration", str(seconds), *target]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            docker("rm", "--force", self._name)
            self._process.wait(END_S)

    def wait(self) -> Told:
        """Until its time is over."""
        if self._process is None:
            raise BenchError("h2load was never started")
        out, _ = self._process.communicate(timeout=600)
        return told(out)


def told(out: str) -> Told:
    """From h2load's own summary. Raises `BenchError` when there is none. Pure."""
    line = re.search(
        r"requests: (\d+) total, (\d+) started, (\d+) done, (\d+) succeeded, (\d+) failed", out
    )
    if line is None:
        raise BenchError(f"h2load said no figures: {out[-200:]}")
    _, started, _, succeeded, _ = map(int, line.groups())
    return Told(started, started - succeeded)
