"""The whole installation, shown: three servers from nothing, both paths, a deploy under load.

python -m bench.full [--json FILE] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench import installation_picture, parts
from bench.engine import CHECKOUT, build_example
from bench.every import Every
from bench.load.options import Options
from bench.stage import under_load
from bench.whole import SETTINGS, SHOP, Whole
from pyhelpers import console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.load.process import Result
    from bench.parts import Part
    from tests.nginx.client import Client

# One client may ask 50 times a second (nginx/mixins/limits.conf), and the load is one.
RATE = 40.0
LONGEST_S = 300.0
CALM_S = 2.0
ADMIN_EVERY_S = 0.25
COMMANDS = ("protostar deploy run api v2", "protostar deploy rollback api")
TITLE = "Three servers, from nothing, and what each part answered"


@dataclass
class Admin:
    """Asks through the proxy, each time on a new connection, and counts."""

    client: Client
    asked: int = 0
    failed: int = 0

    def ask(self) -> None:
        self.asked += 1
        try:
            self.failed += self.client.get("/health").status_code != HTTPStatus.OK
        except httpx.HTTPError:
            self.failed += 1


def main() -> int:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="protostar-full-") as folder:
        whole = Whole(Path(folder) / "whole", tag="full")
        whole.remove()
        try:
            figures = play(whole, options.out)
        finally:
            whole.remove()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if figures["failed"] or figures["admin_failed"] or figures["parts_ill"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo --full", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "out", help="where the picture goes")
    return parser.parse_args()


def play(whole: Whole, out: Path) -> dict[str, float]:
    """Everything, in front of a person; returns the figures."""
    console.say("Three servers that have nothing: containers with sshd and an engine each.\n")
    whole.start()
    began_s = time.monotonic()
    _shown(whole.bootstrap())
    took_s = time.monotonic() - began_s
    console.say(f"\nAll of docs/bootstrap.md in {took_s:.0f} s.")
    build_example("app", "2")
    result, admin = _under_load(whole)
    found = parts.ask_all(whole)
    _report(found, result, admin)
    _draw(found, result, admin, out)
    return {
        "bootstrap_s": round(took_s, 1),
        "requests": result.report.requests,
        "failed": result.report.failed,
        "admin_requests": admin.asked,
        "admin_failed": admin.failed,
        "parts": sum(part.well is not None for part in found),
        "parts_ill": sum(part.well is False for part in found),
    }


def _shown(lines: Iterator[str]) -> None:
    for line in lines:
        console.say(f"\n{line}" if line.startswith("$ ") else line)


def _under_load(whole: Whole) -> tuple[Result, Admin]:
    console.say(
        f"\nFrom here on {RATE:g} requests/s over TLS on path A, 60 % on kept-alive connections, "
        "and an admin on path B."
    )
    client, admin = whole.path_a(), Admin(whole.path_b())
    options = Options(
        url=f"https://{client.address}",
        rate=RATE,
        seconds=LONGEST_S,
        name=SHOP,
        ca=str(client.certificate / "fullchain.pem"),
    )
    with under_load(options) as load:
        with Every(ADMIN_EVERY_S, admin.ask):
            time.sleep(CALM_S)
            for command in COMMANDS:
                _shown(whole.typed(*SETTINGS, command))
            time.sleep(CALM_S)
        return load.stop(), admin


def _report(found: Sequence[Part], result: Result, admin: Admin) -> None:
    console.say("\nWhat each part answers")
    marks = {True: "ok", False: "ILL", None: "-"}
    rows = [(part.server, part.name, marks[part.well], part.answer) for part in found]
    console.table(("server", "part", "", "answer"), rows)
    report = result.report
    console.say(
        f"\npath A: {report.requests} requests, {report.failed} failed {report.failed_by or ''}"
    )
    console.say(f"path B: {admin.asked} requests through the proxy, {admin.failed} failed")


def _draw(found: Sequence[Part], result: Result, admin: Admin, out: Path) -> None:
    report = result.report
    by = ", ".join(f"{count} by {colour}" for colour, count in sorted(report.by_colour.items()))
    user = (
        f"path A: {report.requests} requests over TLS\nduring a deploy and a rollback,\n"
        f"{report.failed} failed; {by}"
    )
    way = (
        f"path B: {admin.asked} requests by way of the proxy,\n{admin.failed} failed; "
        "each arrived with the\nadmin's own address"
    )
    for picture in (out / "installation.svg", out / "installation.png"):
        installation_picture.draw(found, user, way, TITLE, picture)
    console.say(f"The picture: {out / 'installation.png'}")


if __name__ == "__main__":
    sys.exit(main())
