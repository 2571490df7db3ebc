"""Reads from a host what sync decides on. Changes nothing."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from pyhelpers.errors import Unreachable
from pyhelpers.sync import archive, commands, history, looking
from pyhelpers.sync.model import Found

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from pyhelpers.hosts.protocol import Host
    from pyhelpers.sync.model import Container, Files, Record, Target

LOOK_S, ASK_S = 30.0, 15.0
HISTORY_BYTES, ARCHIVE_BYTES = 4 << 20, 64 << 20
NO_ENGINE = 3


def config_of(host: Host) -> PurePosixPath:
    return host.root / "config"


def found_on(host: Host, project: str, target: Target | None = None) -> Found:
    """Raises `Unreachable` when the engine does not answer.

    `target`: its files need not be fetched when the host has them already.
    """
    parts = _looked(host, project)
    listing = looking.listing_of(parts.get("modes", ()), parts.get("sums", ()))
    current = looking.current_of(parts["current"])
    containers = looking.containers_of(parts["containers"])
    same = target is not None and target.digest == current
    return Found(
        current=current,
        listing=listing,
        kept=looking.kept_of(parts["kept"]),
        files=target.files if target is not None and same else kept_files(host, current),
        unfinished=looking.unfinished_of(parts["unfinished"]),
        history=records(host),
        containers=containers,
        strangers=looking.strangers_of(parts["strangers"], project),
        served=served_by(host, containers),
        free_bytes=int(next(iter(parts["free"]), "0")),
    )


def _looked(host: Host, project: str) -> dict[str, list[str]]:
    done = host.run(commands.look(config_of(host), project), deadline_s=LOOK_S)
    if done.status == NO_ENGINE:
        raise Unreachable(
            error=f"{host.name}: the engine does not answer: {done.err.strip()}",
            try_=f"protostar deploy doctor {host.name}",
        )
    return looking.sections(done.out)


def containers_on(host: Host, project: str) -> tuple[Container, ...]:
    return looking.containers_of(_looked(host, project)["containers"])


def kept_files(host: Host, digest: str) -> Files:
    """As they were sent, whatever somebody has made of them since; empty without an archive."""
    path = config_of(host) / "releases" / f"{digest}{looking.ARCHIVE}"
    data = host.read(path, ARCHIVE_BYTES) if digest else None
    try:
        return archive.unpacked(data) if data is not None else {}
    except tarfile.TarError:
        return {}


def records(host: Host) -> tuple[Record, ...]:
    data = host.read(config_of(host) / "history.jsonl", HISTORY_BYTES) or b""
    return history.parse(data.decode(errors="replace"))


def served_by(host: Host, containers: Iterable[Container]) -> dict[str, str]:
    """By container: which nginx files it says that it has loaded; empty when it does not answer."""
    return {
        each.name: answer_of(host, each.nginx_port)
        for each in containers
        if each.nginx_port and each.state == "running"
    }


def answer_of(host: Host, port: int) -> str:
    return next(iter(set(answers_of(host, port, 1))), "")


def answers_of(host: Host, port: int, times: int) -> list[str]:
    """What is no digest (an error page, nobody there) is an empty answer."""
    done = host.run(commands.ask(port, times), deadline_s=ASK_S)
    lines = done.out.splitlines()
    return [line if looking.is_digest(line) else "" for line in lines] + [""] * (times - len(lines))
