"""Which packages bring an engine that is new enough, by distribution. Pure."""

from __future__ import annotations

import re
import shlex

from pyhelpers.deploy.versions import version_of
from pyhelpers.errors import PreflightError

DEBIAN_AT_LEAST, UBUNTU_AT_LEAST = (13,), (22, 4)


def engine_packages(os_release: str) -> tuple[str, ...]:
    """Raises `PreflightError` for a distribution whose own engine is too old, or unknown."""
    said = dict(re.findall(r"^(\w+)=(.*)$", os_release, re.MULTILINE))
    name, version = (_plain(said.get(key, "")) for key in ("ID", "VERSION_ID"))
    # Nothing known: the script is for a new server, and says for which.
    if not name or (name == "debian" and version_of(version or "99") >= DEBIAN_AT_LEAST):
        return ("docker.io", "docker-cli", "docker-compose", "iptables")
    if name == "ubuntu" and version_of(version) >= UBUNTU_AT_LEAST:
        return ("docker.io", "docker-compose-v2")
    raise PreflightError(
        error=f"the server runs {name} {version}, whose own Docker engine is too old or unknown",
        try_="install Docker Engine 23 and Compose 2.20 or newer there (Docker's own packages), "
        "then the same command again",
    )


def _plain(value: str) -> str:
    return "".join(shlex.split(value))
