"""What prepare talks about: what is wanted of a server, what was read, and the steps. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.deploy.machine import gateways_on
from pyhelpers.errors import WrongUsage

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from pyhelpers.config.model import Config


@dataclass(frozen=True, slots=True)
class Wanted:
    """`key` is a line of a .pub file, or empty; `open_ports`: the gateways' private ports."""

    user: str
    root: PurePosixPath
    key: str = ""
    open_ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the programs of the server said, word for word. Empty: there is no such thing yet.

    `folders` are `stat -c '%U %a'` of the root folder and of live/ in it. `sshd` is `sshd -T` for
    the user. `logind` is logind's configuration files, in the order in which they count.
    """

    os_release: str = ""
    engine: str = ""
    compose: str = ""
    passwd: str = ""
    groups: str = ""
    authorized_keys: str = ""
    folders: tuple[str, str] = ("", "")
    daemon_json: str = ""
    dockerd: str = ""
    live_restore: bool = False
    containers_running: int = 0
    sshd: str = ""
    logind: str = ""

    def home(self, user: str) -> str:
        fields = self.passwd.strip().split(":")
        return fields[5] if len(fields) > 5 else f"/home/{user}"  # noqa: PLR2004 - see passwd(5)


@dataclass(frozen=True, slots=True)
class Command:
    """Token list, and what it reads."""

    argv: tuple[str, ...]
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class PrepareStep:
    """No commands: it is as it should be. `why` is for the reader of the script."""

    name: str
    why: str
    commands: tuple[Command, ...] = ()
    note: str = ""

    @property
    def done(self) -> bool:
        return not self.commands


def user_name(name: str) -> str:
    """Raises `WrongUsage`: it becomes a line of sshd's configuration, and a user's name."""
    if re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", name):
        return name
    raise WrongUsage(
        error=f"`{name}` cannot be a user's name on Debian",
        try_="small letters, digits, - and _, beginning with a letter: --user deploy",
    )


def private_ports(config: Config, host: str) -> tuple[int, ...]:
    """Of the gateways on that host; a host without services yet may get any of them."""
    found = gateways_on(config, host) or config.gateways
    return tuple(sorted({each.private_port for each in found.values()}))


def command(*argv: str, stdin: str = "") -> Command:
    return Command(argv, stdin)


def write_file(
    path: str, text: str, mode: str, as_user: tuple[str, ...] = ()
) -> tuple[Command, ...]:
    """Beside, synced, renamed. `dd`: another user may not open our stdin, only read it."""
    beside = f"{path}.new"
    return (
        command(*as_user, "dd", f"of={beside}", "conv=fsync", "status=none", stdin=text),
        command(*as_user, "chmod", mode, beside),
        command(*as_user, "mv", beside, path),
    )
