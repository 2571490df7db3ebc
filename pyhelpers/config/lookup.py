"""What a person names on the command line, found in protostar.yml. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.errors import WrongUsage

if TYPE_CHECKING:
    from pyhelpers.config.model import Config, Service


def service_of(config: Config, name: str) -> Service:
    """Raises `WrongUsage` naming what there is."""
    if name in config.services:
        return config.services[name]
    raise WrongUsage(
        error=f"there is no service `{name}` in protostar.yml",
        try_=f"one of: {', '.join(sorted(config.services))}",
    )
