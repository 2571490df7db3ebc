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
