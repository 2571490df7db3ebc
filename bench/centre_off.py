"""`script/bench centre-off`: Centre is away for ten minutes, and what users of A5 see of it."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import build_example
from bench.load import Options
from bench.output import BenchError, Figure, note
from bench.stage import under_load
from tests.nginx.client import Client
from tests.nginx.files import SHOP
from tests.nginx.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from bench.output import Value

MINUTES = 10
# One client may ask 50 times a second, and all of this is one client.
RATE = 40.0
LOOK_S = 1.0
CALM_S, BACK_S = 2.0, 30.0
KEPT = "/files/kept.css"
AWAY = "the store of static files does not answer"
FIGURES = (
    Figure("off_s", "Centre, its nginx and its store, was away"),
    Figure("requests", "to a service on A5 meanwhile, over TLS, 40 a second"),
    Figure("failed", "of them failed", most=0),
    Figure("cached", "static files that the gateway has, asked for meanwhile"),
    Figure("cached_failed", "of them failed", most=0),
    Figure("uncached", "static files that it has not"),
    Figure("uncached_unclear", "of them that were not told why, with 503", most=0),
    Figure("uncached_s_max", "until that answer; the slowest", most=2),
    Figure("back_s", "from Centre's return until a new file is served", most=10),
)


@dataclass
class Seen:
    """What one user saw of the static files."""

    cached_failed: int = 0
    unclear: int = 0
    times_s: list[float] = field(default_factory=list)

    def look(self, shop: Client, number: int) -> None:
        self.cached_failed += _status(shop, KEPT) != HTTPStatus.OK
        began_s = time.monotonic()
        told = shop.get(f"/files/{number}.css")
        self.times_s.append(time.monotonic() - began_s)
        self.unclear += told.status_code != HTTPStatus.SERVICE_UNAVAILABLE or AWAY not in told.text


def measure(rounds: int | None) -> dict[str, Value]:
    """`rounds`: minutes."""
    off_s = 60.0 * (rounds or MINUTES)
    with _servers() as at:
        shop = Client(at.gateway, SHOP, at.certificates / SHOP)
        if _status(shop, KEPT) != HTTPStatus.OK:
            raise BenchError("the static file is not served while all is well")
        with under_load(_options(at, off_s + 120)) as load:
            time.sleep(CALM_S)
            with _centre_away(at):
                seen = _watch(shop, off_s)
            back_s = _back(shop)
            time.sleep(CALM_S)
            report = load.stop().report
    return {
        "off_s": off_s,
        "requests": report.requests,
        "failed": report.failed,
        "cached": len(seen.times_s),
        "cached_failed": seen.cached_failed,
        "uncached": len(seen.times_s),
        "uncached_unclear": seen.unclear,
        "uncached_s_max": round(max(seen.times_s), 3),
        "back_s": round(back_s, 3),
    }


@contextmanager
def _servers() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="protostar-bench-") as folder:
        at = Installation(Path(folder) / "servers")
        build_example("app", "1")
        try:
            at.start()
            yield at
        finally:
            at.remove()


def _options(at: Installation, seconds: float) -> Options:
    ca = str(at.certificates / SHOP / "fullchain.pem")
    return Options(f"https://{at.gateway}", RATE, seconds=seconds, posts=0, name=SHOP, ca=ca)


@contextmanager
def _centre_away(at: Installation) -> Iterator[None]:
    with ExitStack() as away:
        for part in ("centre", "store"):
            away.enter_context(at.without(part))
        yield


def _watch(shop: Client, off_s: float) -> Seen:
    """A look each second; a minute that has passed is said."""
    seen, until_s = Seen(), time.monotonic() + off_s
    while time.monotonic() < until_s:
        number = len(seen.times_s) + 1
        seen.look(shop, number)
        if number % 60 == 0:
            note(f"{number} looks, the slowest answer took {max(seen.times_s):.2f} s")
        time.sleep(LOOK_S)
    return seen


def _back(shop: Client) -> float:
    began_s = time.monotonic()
    while _status(shop, "/files/late.css") != HTTPStatus.OK:
        if time.monotonic() - began_s > BACK_S:
            raise BenchError(f"no new static file is served {BACK_S:g} s after Centre's return")
        time.sleep(0.1)
    return time.monotonic() - began_s


def _status(shop: Client, path: str) -> int:
    told: httpx.Response = shop.get(path)
    return told.status_code
