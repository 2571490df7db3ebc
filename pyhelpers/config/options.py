"""The option that every command shares: which protostar.yml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pyhelpers.config.model import Config

config_option = click.option(
    "-f",
    "--file",
    type=click.Path(path_type=Path),
    default=Path("protostar.yml"),
    envvar="PROTOSTAR_FILE",
    show_envvar=True,
    show_default=True,
    help="The configuration.",
)


def load_config(file: Path) -> Config:
    """Raises `ConfigurationError` with every problem of the file at once."""
    from pyhelpers.config.loading import load  # noqa: PLC0415 - pydantic, not for --help

    return load(file, os.environ)


def complete_services(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """For shell completion: the services of protostar.yml."""
    return complete(ctx, incomplete, "services")


def complete(ctx: click.Context, incomplete: str, *kinds: str) -> list[str]:
    """Names of these kinds of protostar.yml's entries."""
    try:
        config = load_config(ctx.params.get("file") or Path("protostar.yml"))
    except Exception:  # noqa: BLE001 - a completion must not break the user's prompt
        return []
    names = [name for kind in kinds for name in getattr(config, kind)]
    return [name for name in names if name.startswith(incomplete)]
