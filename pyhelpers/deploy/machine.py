"""What protostar.yml puts on one host. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.errors import WrongUsage

if TYPE_CHECKING:
    from pyhelpers.config.model import Config, Gateway, Service


def service_of(config: Config, name: str) -> Service:
    """Raises `WrongUsage` naming what there is."""
    if name in config.services:
        return config.services[name]
    raise WrongUsage(
        error=f"there is no service `{name}` in protostar.yml",
        try_=f"one of: {', '.join(sorted(config.services))}",
    )


def services_on(config: Config, host: str) -> dict[str, Service]:
    return {name: each for name, each in config.services.items() if host in each.host_names}


def gateways_on(config: Config, host: str) -> dict[str, Gateway]:
    names = {each.gateway for each in services_on(config, host).values()}
    return {name: config.gateways[name] for name in sorted(names)}
