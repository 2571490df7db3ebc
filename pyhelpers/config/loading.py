"""protostar.yml → `Config`, or every problem at once."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pyhelpers.config import document
from pyhelpers.config.crossings import crossings
from pyhelpers.config.model import Config
from pyhelpers.config.problems import Path, Problem, Refused, render
from pyhelpers.config.yaml_nodes import node_at, read_nodes
from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path as File

DEFAULT_NAME = "protostar.yml"
# The file of a stack that names, by `include:`, what the server runs.
STACK_FILE = "compose.yml"


def load(path: File, environ: Mapping[str, str]) -> Config:
    """Read one file.

    Raises `ConfigurationError` when it cannot be read, and as `parse` does.
    """
    return parse(_text(path), str(path), environ)


def parse(text: str, name: str, environ: Mapping[str, str]) -> Config:
    """The text of a file; `name` stands in the messages, `environ` fills `${NAME}`.

    Raises `ConfigurationError` whose `error` has a line for each problem:
    `protostar.yml:LINE: services.api.drain_s: message`.
    """
    config: Config | None = None
    try:
        found = document.read(text, environ)
        config, problems = document.validate(found, Config, crossings(found.data))
    except document.CannotBeRead as wrong:
        raise _wrong(name, f"{name}: {wrong}") from None
    except Refused as refused:
        problems = list(refused.problems)
    if config is None or problems:
        raise _wrong(name, render(name, problems))
    return config


def check_files(config: Config, path: File) -> None:
    """That what the file at `path` names lies beside it.

    Raises `ConfigurationError`. Apart from `load`, so that a plan can be made without the files.
    """
    root, _ = read_nodes(_text(path))
    absent = [
        Problem(node_at(root, at)[1], 0, at, f"there is no file {name}")
        for at, name in _named_files(config)
        if not (path.parent / name).is_file()
    ]
    if absent:
        raise _wrong(str(path), render(str(path), absent))


def _named_files(config: Config) -> Iterator[tuple[Path, str]]:
    for name, service in config.services.items():
        yield ("services", name, "compose"), service.compose
    for name, host in config.hosts.items():
        if host.stack is not None:
            yield ("hosts", name, "stack"), f"{host.stack}/{STACK_FILE}"
        if host.secrets is not None:
            yield ("hosts", name, "secrets"), host.secrets


def _text(path: File) -> str:
    name = str(path)
    try:
        return document.text_of(path)
    except document.CannotBeRead as wrong:
        missing = f"cp protostar.example.yml {shlex.quote(name)}" if not path.exists() else ""
        again = wrong.try_ or missing
        raise _wrong(name, f"{name}: {wrong}", again) from None
    except Refused as refused:
        raise _wrong(name, render(name, refused.problems)) from None


def _wrong(name: str, error: str, try_: str = "") -> ConfigurationError:
    argument = "" if name == DEFAULT_NAME else f" {shlex.quote(name)}"
    return ConfigurationError(error=error, try_=try_ or f"protostar config check{argument}")
