"""What `commands.look` prints, read. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pyhelpers.sync.digest import LENGTH
from pyhelpers.sync.model import Container

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyhelpers.sync.model import Listing

ARCHIVE = ".tar"
COLUMNS = 10


def is_digest(text: str) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{LENGTH}}}", text) is not None


def sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("== "):
            lines = found.setdefault(line[3:], [])
        elif line:
            lines.append(line)
    return found


def current_of(lines: Sequence[str]) -> str:
    return lines[0].rstrip("/").rpartition("/")[2] if lines else ""


def kept_of(lines: Sequence[str]) -> frozenset[str]:
    """Releases of which the archive is there: from it the folder can be made."""
    return frozenset(name.removesuffix(ARCHIVE) for name in lines if name.endswith(ARCHIVE))


def unfinished_of(lines: Sequence[str]) -> Mapping[str, Any] | None:
    """A torn one says that there was one, and nothing more."""
    if not lines:
        return None
    try:
        told = json.loads("".join(lines))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def listing_of(modes: Sequence[str], sums: Sequence[str]) -> Listing:
    mode_of = {name: int(mode, 8) for mode, _, name in (line.partition(" ") for line in modes)}
    # sha256sum puts a backslash before a line whose name it had to escape.
    sum_of = {name[2:]: told.lstrip("\\") for told, _, name in (s.partition("  ") for s in sums)}
    return {name: (mode, sum_of.get(name, "")) for name, mode in mode_of.items()}


def containers_of(lines: Sequence[str]) -> tuple[Container, ...]:
    """Without what `docker compose run` makes for once, and never a colour that a deploy made."""
    rows = (line.split("\t") for line in lines)
    return tuple(_container(row) for row in rows if len(row) == COLUMNS and _stays(row))


def _stays(row: Sequence[str]) -> bool:
    switched_service, one_off = row[-2:]
    return one_off != "True" and not switched_service


def _container(row: Sequence[str]) -> Container:
    identity, name, state, status, service, config, port, pipeline, _, _ = row
    return Container(
        identity,
        name,
        state,
        status,
        service,
        config,
        nginx_port=int(port) if port.isdigit() else 0,
        pipeline=pipeline == "true",
    )


def strangers_of(lines: Sequence[str], ours: str) -> dict[str, str]:
    """Other containers on that engine, each with the Compose project that it belongs to."""
    pairs = (line.partition(" ") for line in lines)
    return {name: project for name, _, project in pairs if project != ours}
