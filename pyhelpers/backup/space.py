"""Room on a host's disk for what comes back: looked at before, not found out when it is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.backup import answers, placing
from pyhelpers.backup.site import LONG_S
from pyhelpers.errors import PreflightError

if TYPE_CHECKING:
    from pyhelpers.backup.model import Place
    from pyhelpers.backup.site import Site

# It lies beside what is there until it is proven, and who serves goes on writing meanwhile.
FACTOR, LEFT_BYTES = 1.2, 1_000_000_000


def enough(site: Site, image: str, place: Place, wanted_bytes: int) -> None:
    """In the volume of `place`. Raises `PreflightError`."""
    looking = placing.beside(image, place, placing.free(place.mount))
    told = site.on_host(looking, "the volume cannot be looked at", LONG_S)
    _refuse(site, told, wanted_bytes)


def enough_at(site: Site, folder: str, wanted_bytes: int) -> None:
    """In a folder of the host. Raises `PreflightError`."""
    told = site.on_host(placing.free(folder), f"{folder} cannot be looked at")
    _refuse(site, told, wanted_bytes)


def _refuse(site: Site, told: str, wanted_bytes: int) -> None:
    free = int(told.rsplit(maxsplit=1)[-1])
    if free < wanted_bytes * FACTOR + LEFT_BYTES:
        raise PreflightError(
            error=f"{site.host.name}: {answers.size(free)} free where {answers.size(wanted_bytes)} "
            f"come back beside what is there, and {answers.size(LEFT_BYTES)} must stay free",
            try_="make room, or remove what an earlier restore put aside",
        )
