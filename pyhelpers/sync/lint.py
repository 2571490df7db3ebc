"""What is refused in a stack's Compose files before Compose itself is asked. Pure."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from pyhelpers.sync import compose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyhelpers.sync.model import Files

_SECRET_NAME = re.compile(
    r"(PASSWORD|SECRET|TOKEN|PRIVATE_KEY|API_KEY|CREDENTIALS?)$", re.IGNORECASE
)
ANYWHERE = "0.0.0.0"  # noqa: S104 - as Compose writes it, nothing is bound here
EVERYWHERE = (ANYWHERE, "::")


def problems(files: Files) -> list[str]:
    """All that is wrong with the stack, but what Compose itself will say. Raises `StackWrong`."""
    found = compose.documents(files)
    return [
        f"{path}: services.{name}.{words}"
        for name, (path, service) in compose.services(found).items()
        for words in (
            *_plain_secrets(service),
            *_absent_files(files, path, found[path], service),
        )
    ]


def _plain_secrets(service: Mapping[str, Any]) -> Iterator[str]:
    for name, value in _environment(service).items():
        plain = value and not value.startswith(("$", "/"))
        if plain and _SECRET_NAME.search(name):
            yield (
                f"environment.{name}: a secret in plain YAML; put it into an env file's template "
                f'as {{{{ secret("{name}") }}}}'
            )


def _environment(service: Mapping[str, Any]) -> dict[str, str]:
    environment = service.get("environment") or {}
    if isinstance(environment, list):
        return {name: value for name, _, value in (str(e).partition("=") for e in environment)}
    return {name: "" if value is None else str(value) for name, value in environment.items()}


def _absent_files(
    files: Files, path: str, document: Mapping[str, Any], service: Mapping[str, Any]
) -> Iterator[str]:
    folder = posixpath.dirname(path)
    sections = compose.sections(document, json.dumps(service))
    for name in (*compose.env_files(service), *compose.section_files(sections)):
        if not name.startswith(("/", "$")):
            at = posixpath.normpath(posixpath.join(folder, name))
            if at not in files:
                yield f"names {name}, which the stack does not have"


def port_clashes(model: Mapping[str, Any]) -> list[str]:
    """Two services that want one port of the host. `model`: as `docker compose config` tells it."""
    taken: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name, service in sorted((model.get("services") or {}).items()):
        for port in service.get("ports") or []:
            if port.get("published"):
                key = str(port["published"]), str(port.get("protocol", "tcp"))
                taken.setdefault(key, []).append((name, port.get("host_ip") or ANYWHERE))
    return [
        f"services {' and '.join(sorted({name for name, _ in users}))} both want port {port}"
        for (port, _), users in taken.items()
        if _meet(users)
    ]


def _meet(users: Sequence[tuple[str, str]]) -> bool:
    """On the same address, or one of them on all."""
    addresses = [address for _, address in users]
    everywhere = any(address in EVERYWHERE for address in addresses)
    return len(users) > 1 and (everywhere or len(set(addresses)) < len(addresses))
