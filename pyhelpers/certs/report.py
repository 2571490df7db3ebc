"""What is shown of certificates. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyhelpers.certs.model import Looked
    from pyhelpers.certs.pipeline import Done

HEADINGS = ("certificate", "ends", "days", "serial", "due")


def row(name: str, seen: Looked, now: float) -> tuple[str, ...]:
    held = seen.held
    if held is None:
        return name, "", "", "", seen.why
    days = f"{(held.ends - now) / 86400:.1f}"
    return name, day(held.ends), days, held.serial[:12], seen.why or "no"


def day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def as_dict(name: str, seen: Looked) -> dict[str, Any]:
    held = seen.held
    return {
        "certificate": name,
        "names": sorted(held.names) if held else [],
        "ends": held.ends if held else None,
        "serial": held.serial if held else None,
        "advised": seen.advised,
        "due": seen.why,
    }


def done_as_dict(done: Done) -> dict[str, Any]:
    problem = done.problem.as_dict() if done.problem else None
    return {**as_dict(done.site.folder, done.looked), "problem": problem}
