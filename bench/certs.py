"""`script/bench certs`: a certificate is renewed again and again while it is asked for.

Half of the requests come on kept connections, half on new ones. Then the ACME server is away.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import build_example
from bench.load import LoadProcess, Options
from bench.output import BenchError, Figure, note
from tests.e2e.secured_place import SHOP, SecuredPlace

if TYPE_CHECKING:
    from bench.output import Value

RENEWALS, RATE, LONGEST_S = 8, 120.0, 600.0
FIGURES = (
    Figure("renewals", "certificates issued and served, one after the other"),
    Figure("requests", "meanwhile, half of them on new connections"),
    Figure("failed", "of them: no answer, a broken handshake, or not the application's", most=0),
    Figure("reloads", "that nginx needed for it", most=0),
    Figure("renewal_s_max", "the slowest, from typed to served"),
    Figure("away_exit", "a renewal with the ACME server away: its exit code", most=6, least=6),
    Figure("away_failed", "requests that failed meanwhile", most=0),
)


def measure(rounds: int | None) -> dict[str, Value]:
    with tempfile.TemporaryDirectory(prefix="protostar-certs-") as folder:
        place = SecuredPlace(Path(folder))
        try:
            return _measured(place, Path(folder), rounds or RENEWALS)
        finally:
            place.remove()


def _measured(place: SecuredPlace, folder: Path, renewals: int) -> dict[str, Value]:
    place.start()
    place.renewed(SHOP)
    os.environ["SSL_CERT_FILE"] = str(place.acme.root())
    build_example("app", "v1")
    deployed = place.town.deploy("run", place.service, "v1")
    if deployed.code:
        raise BenchError(deployed.err)
    before, seconds, code = place.workers(), [], 0
    options = Options(place.url, RATE, seconds=LONGEST_S, keepalive=0.5, posts=0)
    with LoadProcess(options, folder) as load:
        for number in range(renewals):
            began_s = time.monotonic()
            place.renewed(SHOP, "--force")
            seconds.append(time.monotonic() - began_s)
            note(f"renewal {number + 1}: {seconds[-1]:.1f} s")
        away_since = time.time()
        place.acme.stop()
        code = place.certs("renew", SHOP, "--force").code
        note(f"with the server away: exit code {code}")
        time.sleep(3)
        events = load.stop().events
    failed = [each for each in events if each.failure is not None]
    return {
        "renewals": renewals,
        "requests": len(events),
        "failed": len(failed),
        "reloads": int(place.workers() != before),
        "renewal_s_max": max(seconds),
        "away_exit": code,
        "away_failed": sum(each.started_s >= away_since for each in failed),
    }
