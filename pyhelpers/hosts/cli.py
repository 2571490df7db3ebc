"""From a host's name on the command line to the machine: what every room's commands share."""

from __future__ import annotations

import getpass
import os
import re
import socket
from typing import TYPE_CHECKING

import click

from pyhelpers.errors import WrongUsage

if TYPE_CHECKING:
    from pyhelpers.config.model import Config
    from pyhelpers.config.model import Host as HostSettings
    from pyhelpers.hosts.protocol import Host
    from pyhelpers.hosts.ssh.address import Wanted


def who() -> str:
    """user@machine, or what PROTOSTAR_WHO says (Jenkins names the person behind a build)."""
    name = os.environ.get("PROTOSTAR_WHO") or f"{this_user()}@{socket.gethostname()}"
    return re.sub(r"[^\w@.:+-]+", "_", name)


def this_user() -> str:
    """A container of a CI server may run as a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def host_of(config: Config, name: str) -> Host:
    """One connection a host and command, whoever asks for it; closed when the command ends."""
    root = click.get_current_context().find_root()
    hosts: dict[str, Host] = root.meta.setdefault("protostar.hosts", {})
    if name not in hosts:
        hosts[name] = _opened(name, config.hosts[name])
        root.call_on_close(hosts[name].close)
    return hosts[name]


def host_as(config: Config, name: str, login: str | None) -> Host:
    """`login`: who connects instead of the user of protostar.yml, as protostar.yml's `ssh` says it.

    Raises `WrongUsage` for a login that is none.
    """
    from pydantic import ValidationError

    from pyhelpers.config.model import Host as Settings

    if login is None:
        return host_of(config, name)
    here = config.hosts[name]
    try:
        settings = Settings(ssh=login, root=here.root, host_key=here.host_key)
    except ValidationError:
        raise WrongUsage(
            error="--as takes user@host, user@host:port, or a name of ssh_config",
            try_="--as root@ADDRESS",
        ) from None
    host = _opened(name, settings)
    click.get_current_context().call_on_close(host.close)
    return host


def _opened(name: str, settings: HostSettings) -> Host:
    wanted = _wanted(settings)
    if wanted is None:
        from pyhelpers.hosts.local import LocalHost

        return LocalHost(name, settings.root)
    from pyhelpers.hosts.ssh.host import SshHost

    return SshHost(name, settings.root, wanted)


def _wanted(settings: HostSettings) -> Wanted | None:
    """None: it is this machine, and paramiko stays out: 0.13 s (measured)."""
    parts = settings.ssh_parts()
    if parts is None:
        return None
    from pyhelpers.hosts.ssh.address import Wanted

    user, host, port = parts
    return Wanted(host, user, port, settings.host_key or "")


def user_on(settings: HostSettings) -> str:
    """Whom a deploy comes as: what protostar.yml leaves out, ssh_config says."""
    wanted = _wanted(settings)
    if wanted is None:
        return this_user()
    from pyhelpers.hosts.ssh.host import way

    return way(wanted)[-1].user
