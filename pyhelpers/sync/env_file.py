"""Env files as Compose reads them: what in them is a secret, and how it is written. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_LINE = re.compile(r"^(\s*(?:export\s+)?)(\w+)(\s*=)(.*)$")
SECRETS_FOLDER = "secrets"
# What an env file cannot hold between single quotes.
UNFIT = re.compile(r"['\n\r\0]")


def is_env(name: str) -> bool:
    base = name.rpartition("/")[2]
    return base.startswith(".env") or base.endswith(".env")


def is_secret(name: str) -> bool:
    """Files that may hold secrets: env files, and what lies in a folder `secrets`."""
    return is_env(name) or SECRETS_FOLDER in name.split("/")[:-1]


def file_mode(name: str) -> int:
    """Env files are read by Compose alone; the rest by whoever a container runs as.

    All of `compose/` lies in a folder that only the deployer can enter.
    """
    return 0o600 if is_env(name) else 0o644


def values(text: str) -> dict[str, str]:
    found = (_LINE.match(line) for line in text.splitlines())
    return {each[2]: each[4].strip() for each in found if each}


def protected(text: str, secrets: Collection[str]) -> str:
    """Single quotes around each value that holds a secret: Compose would read `$` and `#` in it."""
    return "".join(_protected(line, secrets) for line in text.splitlines(keepends=True))


def _protected(line: str, secrets: Collection[str]) -> str:
    found = _LINE.match(line.rstrip("\n"))
    if found is None or not any(secret and secret in found[4] for secret in secrets):
        return line
    value = found[4].strip()
    if value[:1] in ("'", '"'):
        return line
    return f"{found[1]}{found[2]}{found[3]}'{value}'\n"
