"""`script/bench certs`: a certificate is renewed again and again while it is asked for.

Half of the requests come on kept connections, half on new ones. Then the ACME server refuses, does
not answer, and is away.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import build_example, docker
from bench.load import LoadProcess, Options
from bench.output import BenchError, Figure, note
from bench.over_tls import eased
from pyhelpers.certs.commands import hang_up
from pyhelpers.errors import Exit
from tests.e2e.colours import wait_until
from tests.e2e.secured_place import SHOP, SecuredPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.output import Value

RENEWALS, RATE, LONGEST_S = 8, 120.0, 600.0
FIGURES = (
    Figure("renewals", "certificates issued and served, one after the other"),
    Figure("requests", "in all of it, half of them on new connections"),
    Figure("failed", "of them: no answer, a broken handshake, or not the application's", most=0),
    Figure("reloads", "that nginx needed for it", most=0),
    Figure("renewal_s_max", "the slowest, from typed to served"),
    Figure("troubles", "renewals with an ACME server that refuses, is silent, is away"),
    Figure("kept", "of them: exit code 6, and the one of before is served", same_as="troubles"),
    Figure("trouble_s_max", "the longest, until it is given up"),
)


def measure(rounds: int | None) -> dict[str, Value]:
    with tempfile.TemporaryDirectory(prefix="protostar-certs-") as folder:
        place = SecuredPlace(Path(folder))
        try:
            _prepare(place)
            return _measured(place, Path(folder), rounds or RENEWALS)
        finally:
            place.remove()


def _prepare(place: SecuredPlace) -> None:
    """The application behind it, by https."""
    place.start()
    _ease(place)
    place.renewed(SHOP)
    # Of the load, which begins later: the server's root is another one at each of its starts.
    os.environ["SSL_CERT_FILE"] = str(place.acme.root())
    build_example("app", "v1")
    deployed = place.town.deploy("run", place.service, "v1")
    if deployed.code:
        raise BenchError(deployed.err)


def _ease(place: SecuredPlace) -> None:
    """One client stands for many here: what one may ask for is raised tenfold."""
    limits = place.town.nginx / "mixins/limits.conf"
    limits.write_text(eased(limits.read_text(encoding="utf-8")), encoding="utf-8")
    before = {each for each in place.workers() if "worker process" in each}
    docker(*hang_up(place.town.gateway)[1:])
    wait_until(lambda: not before & {*place.workers()}, "nginx has read it")


def _measured(place: SecuredPlace, folder: Path, renewals: int) -> dict[str, Value]:
    before = place.workers()
    options = Options(place.url, RATE, seconds=LONGEST_S, keepalive=0.5, posts=0)
    with LoadProcess(options, folder) as load:
        seconds = [_renewed(place, number + 1) for number in range(renewals)]
        troubles = list(_troubles(place))
        events = load.stop().events
    return {
        "renewals": renewals,
        "requests": len(events),
        "failed": sum(each.failure is not None for each in events),
        "reloads": int(place.workers() != before),
        "renewal_s_max": max(seconds),
        "troubles": len(troubles),
        "kept": sum(kept for kept, _ in troubles),
        "trouble_s_max": max(took_s for _, took_s in troubles),
    }


def _renewed(place: SecuredPlace, number: int) -> float:
    began_s = time.monotonic()
    place.renewed(SHOP, "--force")
    took_s = time.monotonic() - began_s
    note(f"renewal {number}: {took_s:.1f} s")
    return took_s


def _troubles(place: SecuredPlace) -> Iterator[tuple[bool, float]]:
    """Whether what was there stays, and how long it took to know."""
    place.acme.refuse(SHOP)
    yield _stays(place, "that refuses")
    with place.acme.silent():
        yield _stays(place, "that is silent")
    yield _stays(place, "that is away")


def _stays(place: SecuredPlace, which: str) -> tuple[bool, float]:
    before, began_s = place.served(), time.monotonic()
    code = place.certs("renew", SHOP, "--force").code
    took_s = time.monotonic() - began_s
    note(f"with a server {which}: exit code {code} after {took_s:.1f} s")
    return code == Exit.FAILED_BEFORE_SWITCH and place.served() == before, took_s
