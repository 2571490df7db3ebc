"""protostar.yml → frozen models. Every name is imported at its first use.

pydantic takes longer to import than `protostar --help` may take, so this file imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhelpers.config.loading import check_files, load, parse
    from pyhelpers.config.model import Config, Gateway, Host, Service
    from pyhelpers.config.schema import json_schema
    from pyhelpers.config.secret import Secret

__all__ = [
    "Config",
    "Gateway",
    "Host",
    "Secret",
    "Service",
    "check_files",
    "json_schema",
    "load",
    "parse",
]

_HOMES = {
    "Config": "model",
    "Gateway": "model",
    "Host": "model",
    "Secret": "secret",
    "Service": "model",
    "check_files": "loading",
    "json_schema": "schema",
    "load": "loading",
    "parse": "loading",
}


def __getattr__(name: str) -> object:
    from importlib import import_module  # noqa: PLC0415 - this file imports nothing by itself

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
