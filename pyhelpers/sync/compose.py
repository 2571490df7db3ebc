"""The stack's Compose files: what is in them, what makes a service another one, what is refused.

Pure. A service is recreated when its digest changes, so the digest takes in all that it is made
from: its definition, the values that it takes from `.env`, and the files that it names.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

import yaml

from pyhelpers.sync import env_file
from pyhelpers.sync.digest import LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyhelpers.sync.model import Files

FOLDER = "compose"
ENTRY = f"{FOLDER}/compose.yml"
OVERRIDE = f"{FOLDER}/override.yml"
CONFIG_LABEL = "org.protostar.config"
# A container whose nginx files are config/current/nginx: they are reloaded, it is not recreated.
# Its value is the loopback port where it says which of them it has loaded.
NGINX_LABEL = "org.protostar.nginx"

_VARIABLE = re.compile(r"(?<!\$)\$\{?(\w+)")
_SECTIONS = ("volumes", "networks", "configs", "secrets")


class StackWrong(Exception):
    """FILE: what is wrong."""


def documents(files: Files) -> dict[str, dict[str, Any]]:
    """The entry and what it includes, by their paths. Raises `StackWrong`."""
    if ENTRY not in files:
        raise StackWrong(f"{ENTRY}: there is no such file; it names by `include:` what to run")
    entry = _document(files, ENTRY)
    found = {ENTRY: entry}
    for name in _included(entry):
        path = posixpath.normpath(posixpath.join(FOLDER, name))
        if path not in files:
            raise StackWrong(
                f"{ENTRY}: includes {name}, which the stack does not have "
                "(a service's own file is brought by its deploy)"
            )
        found[path] = _document(files, path)
        if "include" in found[path]:
            raise StackWrong(f"{path}: includes others; only {ENTRY} may")
    return found


def _document(files: Files, name: str) -> dict[str, Any]:
    return _parsed(files[name].data, name)


def _parsed(text: bytes, name: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise StackWrong(f"{name}{line}: {getattr(wrong, 'problem', None) or 'no YAML'}") from None
    if not isinstance(document, dict):
        raise StackWrong(f"{name}: must be a mapping")
    return document


def _included(entry: Mapping[str, Any]) -> Iterator[str]:
    for each in entry.get("include") or []:
        path = each.get("path") if isinstance(each, dict) else each
        yield from path if isinstance(path, list) else [str(path)]


def services(found: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each service with its file's path. Raises `StackWrong` for a name that is there twice."""
    by_name: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, document in found.items():
        for name, service in (document.get("services") or {}).items():
            if name in by_name:
                raise StackWrong(f"{path}: services.{name} is in {by_name[name][0]} too")
            if not isinstance(service, dict):
                raise StackWrong(f"{path}: services.{name} must be a mapping")
            by_name[name] = path, service
    return by_name


def service_digests(files: Files) -> dict[str, str]:
    """What makes each service what it is. Raises `StackWrong`."""
    found = documents(files)
    values = env_file.values(_text(files, f"{FOLDER}/.env"))
    return {
        name: _digest(files, values, path, found[path], service)
        for name, (path, service) in services(found).items()
    }


def _text(files: Files, name: str) -> str:
    return files[name].data.decode(errors="replace") if name in files else ""


def _digest(
    files: Files,
    values: Mapping[str, str],
    path: str,
    document: Mapping[str, Any],
    service: Mapping[str, Any],
) -> str:
    named = sections(document, json.dumps(service))
    text = json.dumps([service, named], sort_keys=True, default=str)
    used = {name: values.get(name) for name in _VARIABLE.findall(text)}
    contents = {
        name: hashlib.sha256(files[name].data).hexdigest()
        for name in files_of(files, path, document, service)
    }
    whole = json.dumps([text, used, contents], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:LENGTH]


def sections(document: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Volumes, networks, configs and secrets of the file whose names the service mentions."""
    return {
        f"{section}.{name}": definition
        for section in _SECTIONS
        for name, definition in (document.get(section) or {}).items()
        if re.search(rf"(?<![\w-]){re.escape(str(name))}(?![\w-])", text)
    }


def files_named(text: bytes) -> list[str]:
    """Env files, configs and secrets of all services of one Compose file. Raises `StackWrong`."""
    document = _parsed(text, "")
    bodies = [each for each in (document.get("services") or {}).values() if isinstance(each, dict)]
    named = sections(document, json.dumps(bodies, default=str))
    return [*(name for body in bodies for name in env_files(body)), *section_files(named)]


def files_of(
    files: Files, path: str, document: Mapping[str, Any], service: Mapping[str, Any]
) -> list[str]:
    """The release's files that a service is made from."""
    folder = posixpath.dirname(path)
    text = json.dumps(service)
    named = section_files(sections(document, text))
    relative = [*env_files(service), *_relative_binds(service), *named]
    roots = {posixpath.normpath(posixpath.join(folder, each)) for each in relative}
    roots |= set(re.findall(r"/current/([\w./-]+)", text))
    nginx = NGINX_LABEL in labels_of(service)
    return sorted(
        name
        for name in files
        if any(name == root or name.startswith(f"{root.rstrip('/')}/") for root in roots)
        and not (nginx and name.startswith("nginx/"))
    )


def env_files(service: Mapping[str, Any]) -> Iterator[str]:
    entries = service.get("env_file") or []
    for entry in [entries] if isinstance(entries, str) else entries:
        yield str(entry.get("path") if isinstance(entry, dict) else entry)


def _relative_binds(service: Mapping[str, Any]) -> Iterator[str]:
    for volume in service.get("volumes") or []:
        source = volume.get("source") if isinstance(volume, dict) else volume.split(":")[0]
        if str(source).startswith("."):
            yield str(source)


def section_files(sections: Mapping[str, Any]) -> Iterator[str]:
    for definition in sections.values():
        if isinstance(definition, dict) and "file" in definition:
            yield str(definition["file"])


def labels_of(service: Mapping[str, Any]) -> dict[str, str]:
    """Compose takes a mapping or a list of NAME=value."""
    labels = service.get("labels") or {}
    if isinstance(labels, list):
        return {name: value for name, _, value in (str(each).partition("=") for each in labels)}
    return {str(name): str(value) for name, value in labels.items()}


def override(digests: Mapping[str, str]) -> bytes:
    """Compose recreates a container exactly when this label of it changes."""
    made = {name: {"labels": {CONFIG_LABEL: digest}} for name, digest in sorted(digests.items())}
    return json.dumps({"services": made}, indent=1).encode() + b"\n"


def digests_in(files: Files) -> dict[str, str]:
    """As `override` wrote them."""
    if OVERRIDE not in files:
        return {}
    found: dict[str, Any] = json.loads(files[OVERRIDE].data)["services"]
    return {name: service["labels"][CONFIG_LABEL] for name, service in found.items()}


def container_names(files: Files) -> set[str]:
    """Fixed names, with the values of `.env` in them."""
    values = env_file.values(_text(files, f"{FOLDER}/.env"))
    fixed = (service.get("container_name") for _, service in services(documents(files)).values())
    return {_filled(str(name), values) for name in fixed if name}


def _filled(text: str, values: Mapping[str, str]) -> str:
    """`${NAME}` and `${NAME:-default}`, as Compose fills them in."""
    return re.sub(
        r"\$\{(\w+)(?::?-([^}]*))?[^}]*\}",
        lambda found: values.get(found[1]) or found[2] or "",
        text,
    )
