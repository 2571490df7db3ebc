"""protostar.yml and the templates → a server's nginx files. Pure but for reading the templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyhelpers.config.model import Config

TEMPLATE = ".j2"


def nginx_files(config: Config, host: str, gateway: str, folder: Path) -> dict[str, bytes]:
    """Every file of the gateway's configuration, by its path below the mounted folder.

    `folder` is the checkout's `nginx/`; files ending in `.j2` are rendered, others are copied.
    """
    if not (folder / "a5").is_dir():
        raise ConfigurationError(
            error=f"there are no templates in {folder}",
            try_="name the checkout's nginx folder with --nginx",
        )
    services = services_of(config, host, gateway)
    environment = Environment(
        loader=FileSystemLoader(folder / "a5"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - nginx configuration, and every value is a checked slug
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    rendered = {
        path.name.removesuffix(TEMPLATE): environment.get_template(path.name)
        .render(services=services)
        .encode()
        for path in sorted((folder / "a5").glob(f"*{TEMPLATE}"))
    }
    copied = {path.name: path.read_bytes() for path in sorted((folder / "a5").glob("*.conf"))}
    mixins = {
        f"mixins/{path.name}": path.read_bytes()
        for path in sorted((folder / "mixins").glob("*.conf"))
    }
    return {**copied, **mixins, **rendered}


def services_of(config: Config, host: str, gateway: str) -> list[Mapping[str, object]]:
    """What the templates need of each service behind this host's gateway."""
    return [
        {
            "name": name,
            # nginx allows no hyphen in a variable's name
            "variable": name.replace("-", "_"),
            "port": service.port,
            "route": service.route,
        }
        for name, service in sorted(config.services.items())
        if service.gateway == gateway and host in service.host_names
    ]
