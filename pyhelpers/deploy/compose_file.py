"""The service's own Compose file: what it names, and what two colours cannot have. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


def compose_document(
    text: bytes, where: str, key: str, services: Collection[str]
) -> dict[str, Any]:
    """The parsed Compose file, checked for what two colours beside each other cannot have.

    `services`: the names of all services here; none of them may be the key.

    Raises `ConfigurationError` that names the file and the key.
    """
    document = _parsed(text, where)
    found = document.get("services")
    if not isinstance(found, dict) or not isinstance(found.get(key), dict):
        names = ", ".join(map(str, found)) if isinstance(found, dict) else "none"
        raise _wrong(where, f"has no service `{key}` (it has: {names})")
    if key in services:
        raise _wrong(where, f"service key `{key}`: call it otherwise, or both colours answer to it")
    for trouble in _unshareable(document, key):
        raise _wrong(where, trouble)
    return document


def _parsed(text: bytes, where: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise _wrong(where, f"is not YAML: {problem}") from None
    return document if isinstance(document, dict) else {}


def _unshareable(document: Mapping[str, Any], key: str) -> Iterator[str]:
    """What two colours beside each other, or a release on another day, cannot have."""
    service = document["services"][key]
    for forbidden in ("container_name", "ports"):
        if forbidden in service:
            yield f"services.{key}.{forbidden}: two colours cannot share it"
    for source in _relative_binds(service):
        yield f"mounts {source}, which no release has: use a volume, or configs"
    for name in files_named(document, key):
        if name.startswith("/") or ".." in name.split("/"):
            yield f"names {name}: a release takes only files beside or below it"


def _wrong(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(error=f"{where} {what}", try_=f"edit {where}")


def _relative_binds(service: Mapping[str, Any]) -> Iterator[str]:
    for volume in service.get("volumes") or []:
        source = volume.get("source", "") if isinstance(volume, dict) else volume.split(":")[0]
        if str(source).startswith("."):
            yield str(source)


def unset_variables(document: Mapping[str, Any], env_file: bytes) -> tuple[str, ...]:
    """Variables of the Compose file without a default that neither the deploy nor `.env` sets.

    They would come from whoever deploys, so that a rollback is not what it was.
    """
    asked = re.findall(
        r"(?<!\$)\$(?:\{(\w+)(:?[-?+])?|(\w+))", yaml.safe_dump(document, width=10**6)
    )
    known = set(
        re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", env_file.decode(errors="replace"), re.MULTILINE)
    )
    names = {braced or bare for braced, operator, bare in asked if "-" not in operator}
    return tuple(sorted(n for n in names - known if not n.startswith(("PROTOSTAR_", "COMPOSE_"))))


def file_mode(name: str) -> int:
    """Env files are read by Compose alone; configs and secrets by whoever the container runs as.

    What is readable lies in a folder that only the deployer can enter.
    """
    return 0o600 if name.rpartition("/")[2].startswith(".env") or name.endswith(".env") else 0o644


def files_named(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Paths that travel with the Compose file: env files, configs, secrets."""
    return tuple(sorted({name.removeprefix("./") for name in _files(document, key)}))


def _files(document: Mapping[str, Any], key: str) -> Iterator[str]:
    env_files = document["services"][key].get("env_file") or []
    for entry in [env_files] if isinstance(env_files, str) else env_files:
        yield entry if isinstance(entry, str) else entry["path"]
    for room in ("configs", "secrets"):
        for entry in (document.get(room) or {}).values():
            if isinstance(entry, dict) and "file" in entry:
                yield str(entry["file"])
