"""protostar.yml → `Config`, or every problem at once."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pyhelpers.config.crossings import crossings
from pyhelpers.config.explain import explain_all, explain_crossing
from pyhelpers.config.model import Config
from pyhelpers.config.problems import Path, Problem, Refused, render
from pyhelpers.config.values import Values, meaning_of
from pyhelpers.config.yaml_nodes import Entries, Items, Node, Scalar, node_at, read_nodes
from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path as File

DEFAULT_NAME = "protostar.yml"
MAX_BYTES = 1024 * 1024
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
    if len(text.encode()) > MAX_BYTES:
        raise _wrong(name, _too_large(name, len(text.encode())))
    try:
        root, problems = read_nodes(text)
        config, more = _validate(root, environ, problems)
    except Refused as refused:
        config, more = None, list(refused.problems)
    if config is None or more:
        raise _wrong(name, render(name, more))
    return config


def _validate(
    root: Node | None, environ: Mapping[str, str], problems: list[Problem]
) -> tuple[Config | None, list[Problem]]:
    if not isinstance(root, Entries):
        what = f"must be a mapping of `key: value` lines, is {_kind(root)}"
        raise Refused([*problems, Problem(root.line if root else 0, 0, (), what)])
    values = Values(environ)
    data = values.of(root)
    told = problems + values.problems
    config, errors = _model(data, root)
    errors += [explain_crossing(crossing, root) for crossing in crossings(data)]
    return config, told + _without(errors, {problem.path for problem in told})


def _kind(root: Node | None) -> str:
    if root is None or (isinstance(root, Scalar) and meaning_of(root) is None):
        return "empty"
    # Not the text itself: it may be anything.
    return "a list" if isinstance(root, Items) else "text"


def _model(data: object, root: Node) -> tuple[Config | None, list[Problem]]:
    try:
        return Config.model_validate(data), []
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_input=False)
    return None, explain_all(errors, root, Config)


def _without(problems: Iterable[Problem], told: set[Path]) -> list[Problem]:
    """Less what only follows from a problem that is told already, at its place or around it."""
    around = told - {()}
    return [one for one in problems if not any(one.path[: len(at)] == at for at in around)]


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
    content = _content(path)
    if len(content) > MAX_BYTES:
        raise _wrong(str(path), _too_large(str(path), max(path.stat().st_size, len(content))))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].count(b"\n") + 1
        message = f"is not UTF-8 (byte 0x{content[wrong.start]:02x})"
        raise _wrong(str(path), Problem(line, 0, (), message).render(str(path))) from None


def _content(path: File) -> bytes:
    """At most one byte more than is allowed, so that an endless file ends too."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(
            error=f"{path}: there is no such file",
            try_=f"cp protostar.example.yml {shlex.quote(str(path))}",
        ) from None
    except OSError as wrong:
        raise ConfigurationError(
            error=f"{path}: cannot be read: {wrong.strerror}",
            try_=f"ls -ld {shlex.quote(str(path))}",
        ) from None


def _too_large(name: str, size_bytes: int) -> str:
    return f"{name}: is {size_bytes / 1024 / 1024:.1f} MiB; at most 1 MiB is read"


def _wrong(name: str, error: str) -> ConfigurationError:
    argument = "" if name == DEFAULT_NAME else f" {shlex.quote(name)}"
    return ConfigurationError(error=error, try_=f"protostar config check{argument}")
