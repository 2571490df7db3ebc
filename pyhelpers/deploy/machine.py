"""What protostar.yml puts on one host. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhelpers.config.model import Config, Gateway, Service


def services_on(config: Config, host: str) -> dict[str, Service]:
    return {name: each for name, each in config.services.items() if host in each.host_names}


def gateways_on(config: Config, host: str) -> dict[str, Gateway]:
    names = {each.gateway for each in services_on(config, host).values()}
    return {name: config.gateways[name] for name in sorted(names)}
