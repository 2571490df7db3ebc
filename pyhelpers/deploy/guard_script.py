"""The guard's script: how it gets to the host, and what its words mean to a person."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from pyhelpers.errors import NOTHING_CHANGED, LockedError, Unreachable
from pyhelpers.hosts.denied import Denied

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from pyhelpers.hosts.protocol import Host

SCRIPTS = ("retire.sh", "guard.sh")

# The guard's own words, as a person reads them; `drained` follows the last `draining`.
PROGRESS = {
    "draining": "{0} still in flight",
    "stopped": "{0} stopped",
    "pruned": "release {0} pruned",
    "waiting": "a command of an earlier deploy still runs",
}
REFUSALS = {
    "marker": "the marker is not where it was; somebody changed it by hand",
    "rename": "the marker could not be renamed; is the disk read-only?",
    "history": "the history does not take the last commit; is history/ full, or root's?",
    "live": "the folder of the markers cannot be written; is it root's?",
    "engine": "the engine does not answer",
    "disk": "its files cannot be written; is the disk full or read-only?",
}


def did_not_start(host: Host, service: str, why: str) -> Unreachable:
    return Unreachable(
        error=f"{host.name}: the guard did not start: {why}",
        state=NOTHING_CHANGED,
        try_=f"cat {host.root}/guard/{service}/log",
    )


def locked(service: str, owner: str) -> LockedError:
    if owner == "host":
        return LockedError(
            error="the whole host is locked by a configuration sync",
            try_="wait for it, then run the same command again",
        )
    if not owner:
        return LockedError(
            error=f"the engine still stops the last colour of {service}",
            try_="the same command again, in some seconds",
        )
    fields = dict(part.split("=", 1) for part in owner.split(" ") if "=" in part)
    return LockedError(
        error=f"{service} is being deployed by {fields.get('who', 'another')} "
        f"(pid {fields.get('pid', '?')}, since {fields.get('since', '?')})",
        try_=f"wait, or `protostar deploy rollback {service} --now`, "
        f"or `protostar deploy unlock {service}`",
    )


def delivered(host: Host) -> PurePosixPath:
    """The script's path on the host, put there if this version of it is not yet."""
    package = files("pyhelpers.deploy")
    texts = {name: package.joinpath(name).read_bytes() for name in SCRIPTS}
    digest = hashlib.sha256(b"".join(texts.values())).hexdigest()[:12]
    folder = host.root / "guard" / f"guard-{digest}"
    try:
        present = host.names(folder)
        for name in texts.keys() - present:
            host.put(folder / name, texts[name], 0o755)
    except Denied:
        raise Unreachable(
            error=f"{host.name}: {folder} cannot be written",
            try_=f"sudo install -d -o $(id -un) {host.root}",
        ) from None
    return folder / "guard.sh"
