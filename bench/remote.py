"""`script/bench remote`: deploys over SSH to two servers under load, and what the way costs."""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import moving, overhead
from bench.engine import build_example
from bench.load import Options
from bench.output import Figure, note
from bench.servers import Servers
from bench.stage import under_load
from bench.watching import watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.load import LoadProcess, Result
    from bench.output import Value
    from bench.server import Server

DEPLOYS = 6
HOSTS, NAME = ("a5", "a6"), "api"
REFUSED = 6
# On each gateway.
LOAD: dict[str, float] = {"rate": 60, "slow_per_s": 1, "slow_s": 1.5, "uploads_per_s": 1}
SETTINGS: dict[str, Any] = {
    "hosts": list(HOSTS),
    "route": "/",
    "drain_s": 8,
    "bake": {"for_s": 1},
    "ready": {"timeout_s": 6},
}
SSHD_LOG = "/var/log/sshd.log"
WORDY = 'echo LogLevel VERBOSE >/etc/ssh/sshd_config.d/bench.conf; kill -HUP "$(cat /run/sshd.pid)"'

FIGURES = (
    Figure("deploys", "good deploys in a row, each to two servers"),
    Figure("rollbacks", "of both servers"),
    Figure("refused", "version 3, which never gets ready"),
    Figure("requests", "through both gateways meanwhile"),
    Figure("failed", "of them failed", most=0),
    Figure("handshakes", "the most that one deploy asked of a server", most=1),
    Figure("sessions_max", "the most sessions that sshd held at once", most=8),
    Figure("overhead_s", "over SSH minus on the machine itself, medians", most=1.0),
    Figure("local_s", "a deploy on the machine itself, app ready in 1.0 s; median"),
    Figure("remote_s", "the same over SSH; median"),
    Figure("moved_mb_tunnel", "received when one layer of 1 MB differs, by tunnel", most=1.5),
    Figure("moved_mb_none", "received in the same case without a registry", most=1.5),
    Figure("moved_mb_save_load", "received by `docker save | ssh docker load`"),
    Figure("rss_mb", "peak memory of the deployer, an image of 1 GB on its way", most=120),
    Figure("big_none_s", "that deploy without a registry"),
    Figure("big_tunnel_s", "that deploy through the tunnel, packed by the registry"),
)


def measure(rounds: int | None) -> dict[str, Value]:
    """`rounds`: how many good deploys in a row."""
    build_example("app", "1", "2", "3")
    note("one deploy, here and over SSH")
    found: dict[str, Value] = {**overhead.measure()}
    note("what moves over the wire")
    moved = moving.measure()
    memory_mb = [moved.pop("big_none_rss_mb"), moved.pop("big_tunnel_rss_mb")]
    note("two servers under load")
    return {**found, **moved, "rss_mb": max(memory_mb), **_series(rounds or DEPLOYS)}


def _series(deploys: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="protostar-remote-") as folder:
        place = Servers(Path(folder) / "servers")
        try:
            _make(place)
            with under_loads(place) as loads:
                handshakes = [_deploy(place, f"v{2 - i % 2}") for i in range(deploys)]
                _command(place, "run", NAME, "v3", expect=REFUSED)
                _command(place, "rollback", NAME)
                results = [load.stop() for load in loads]
            sessions = max(most_sessions(server) for server in place.servers.values())
        finally:
            place.remove()
    return {
        "deploys": deploys,
        "rollbacks": 1,
        "refused": 1,
        "handshakes": max(handshakes),
        "sessions_max": sessions,
        **_counts(results),
    }


def _counts(results: Sequence[Result]) -> dict[str, float]:
    return {
        "requests": sum(result.report.requests for result in results),
        "failed": sum(result.report.failed for result in results),
    }


def _make(place: Servers) -> None:
    images = tuple(f"protostar-example/app:v{version}" for version in (1, 2, 3))
    for host in HOSTS:
        place.add_server(host, images=images).sh(WORDY)
    place.add(NAME, **SETTINGS)
    place.start_gateways()
    _command(place, "run", NAME, "v1")


@contextmanager
def under_loads(place: Servers) -> Iterator[list[LoadProcess]]:
    """One on each gateway."""
    with ExitStack() as stack:
        options = [Options(place.url(host), seconds=3600, **LOAD) for host in HOSTS]  # type: ignore[arg-type] # the counts are not in LOAD
        yield [stack.enter_context(under_load(each)) for each in options]


def _command(place: Servers, *command: str, expect: int = 0) -> None:
    done = watched(place.argv(*command), place.environment, expect=expect)
    note(f"{' '.join(command)}: {done.seconds:.1f} s")


def _deploy(place: Servers, version: str) -> int:
    """Returns the most handshakes that a server has seen of it."""
    before = [accepted(server) for server in place.servers.values()]
    _command(place, "run", NAME, version)
    after = [accepted(server) for server in place.servers.values()]
    return max(late - early for early, late in zip(before, after, strict=True))


def accepted(server: Server) -> int:
    """Handshakes that ended with a key that sshd took."""
    return sum(line.startswith("Accepted publickey") for line in log(server))


def most_sessions(server: Server) -> int:
    """Open at once on one connection, as sshd's log tells.

    A session that ends with its connection leaves no line of its own, so each counts for itself.
    """
    open_ones: dict[str, set[str]] = {}
    most = 0
    for line in log(server):
        found = re.search(r"^(Starting|Close) session.* port (\d+) id (\d+)", line)
        if found is None:
            continue
        of_it = open_ones.setdefault(found[2], set())
        (of_it.add if found[1] == "Starting" else of_it.discard)(found[3])
        most = max(most, len(of_it))
    return most


def log(server: Server) -> list[str]:
    return server.run("cat", SSHD_LOG).splitlines()
