"""Versions: how they are read, and the least that a deploy needs. Pure."""

from __future__ import annotations

import re

NGINX_AT_LEAST = (1, 30, 6)
ENGINE_AT_LEAST = (23,)
COMPOSE_AT_LEAST = (2, 20)


def version_of(text: str) -> tuple[int, ...]:
    """Leading numbers of a version: '28.5.2+dfsg3' → (28, 5, 2)."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
