"""protostar.yml and the templates → a server's nginx files. Pure but for reading the templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined

from pyhelpers.errors import ConfigurationError
from pyhelpers.sync.digest import with_digest
from pyhelpers.sync.templates import SUFFIX, Templates, TemplateWrong

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyhelpers.config.model import Config
    from pyhelpers.config.network import Tls

HTTPS = 443


def kind_of(stack: str | None) -> str:
    """Which folder of `nginx/` a host's stack goes with. A host without one is a gateway's."""
    return stack.rpartition("/")[2] if stack else "a5"


def nginx_files(
    config: Config, host: str, gateway: str, folder: Path, kind: str = "a5"
) -> dict[str, bytes]:
    """Every file of the server's nginx configuration, by its path below the folder it serves from.

    `folder` is the checkout's `nginx/`, `kind` the folder in it. Files ending in `.j2` are
    rendered, others are copied.
    """
    if not (folder / kind).is_dir():
        raise ConfigurationError(
            error=f"there are no templates in {folder}",
            try_="name the checkout's nginx folder with --nginx",
        )
    copied = {path.name: path.read_bytes() for path in sorted((folder / kind).glob("*.conf"))}
    mixins = {
        f"mixins/{path.name}": path.read_bytes()
        for path in sorted((folder / "mixins").glob("*.conf"))
    }
    return with_digest({**copied, **mixins, **_rendered(config, host, gateway, folder / kind)})


def _rendered(config: Config, host: str, gateway: str, folder: Path) -> dict[str, bytes]:
    templates = Templates(folder, f"nginx/{folder.name}", **words(config, host, gateway))
    found, wrong = {}, []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            found[path.name.removesuffix(SUFFIX)] = templates.render(path.name)
        except TemplateWrong as problem:
            wrong.append(str(problem))
    if wrong:
        raise ConfigurationError(error="\n".join(wrong), try_=f"edit {wrong[0].split(':')[0]}")
    return found


def words(config: Config, host: str, gateway: str) -> dict[str, Any]:
    """What the templates know. `hosts`: each one's address, as protostar.yml reaches it.

    `tls` and `static` are None where there is none; without `ops` a template that asks for it is
    wrong.
    """
    addresses = {name: (each.ssh_parts() or ("", "", 0))[1] for name, each in config.hosts.items()}
    settings = config.gateways.get(gateway)
    return {
        "project": config.project,
        "host": host,
        "hosts": addresses,
        "services": services_of(config, host, gateway),
        "tls": tls_of(settings.tls if settings else None),
        "static": settings.static if settings else None,
        "ops": config.ops or StrictUndefined(hint="protostar.yml has no `ops`"),
    }


def tls_of(tls: Tls | None) -> Mapping[str, object] | None:
    """`suffix`: what a URL needs after the name."""
    if tls is None:
        return None
    suffix = "" if tls.port == HTTPS else f":{tls.port}"
    return {"names": tls.names, "certificate": tls.certificate, "suffix": suffix}


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
