"""`protostar sync`: so far, rendering."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option, load_config

if TYPE_CHECKING:
    from pyhelpers.config.model import Config


@click.group(name="sync", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Configuration of the servers, rendered from protostar.yml."""


@group.command()
@click.argument("host")
@click.option("--gateway", default="gateway", show_default=True, help="Which of its gateways.")
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="Where to.")
@click.option(
    "--nginx",
    "templates",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The templates; default: nginx/ beside protostar.yml.",
)
@config_option
def render(host: str, gateway: str, folder: Path, templates: Path | None, file: Path) -> None:
    """Write the nginx configuration of HOST's gateway into a folder.

    \b
    Example:
      protostar sync render a5 --to /srv/protostar/config/nginx
    """
    from pyhelpers.hosts.local import LocalHost
    from pyhelpers.sync.render import nginx_files

    config = load_config(file)
    _must_know(config, host, gateway)
    files = nginx_files(config, host, gateway, templates or file.parent / "nginx")
    here = LocalHost("here", PurePosixPath(folder))
    for name, data in files.items():
        here.put(PurePosixPath(folder) / name, data)
    console.say(f"{len(files)} files in {folder}")


def _must_know(config: Config, host: str, gateway: str) -> None:
    """A configuration without services would answer 404 to everything."""
    for word, name, known in (("host", host, config.hosts), ("gateway", gateway, config.gateways)):
        if name not in known:
            raise click.BadParameter(f"no {word} `{name}`; one of: {', '.join(sorted(known))}")
