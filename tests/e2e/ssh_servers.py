"""Real servers for tests of the line itself: sshd, an engine, and no service on them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bench.server import ROOT, USER, Server
from bench.servers import Servers
from pyhelpers.hosts.ssh.address import Wanted
from pyhelpers.hosts.ssh.host import SshHost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG = "/var/log/sshd.log"
NO_ENGINE = ("--env", "SERVER_ENGINE=no")
# Each session with its number, and each handshake with its key.
VERBOSE = (
    'echo LogLevel VERBOSE >/etc/ssh/sshd_config.d/test.conf && kill -HUP "$(cat /run/sshd.pid)"'
)


@contextmanager
def servers(folder: Path, tags: list[str]) -> Iterator[Servers]:
    """A network and a protostar.yml without a server yet."""
    remote = Servers(folder)
    tags.append(remote.tag)
    try:
        yield remote
    finally:
        remote.remove()


def add_bare(remote: Servers, host: str, *options: str) -> Server:
    """A server without any image: it is about the line."""
    public = remote.key.with_suffix(".pub").read_text()
    remote.servers[host] = Server.start(f"{host}-{remote.tag}", remote.tag, public, *options)
    remote.write()
    return remote.servers[host]


def ssh_host(server: Server, user: str = USER, pin: str | None = None) -> SshHost:
    pin = server.fingerprint if pin is None else pin
    return SshHost(server.name, PurePosixPath(ROOT), Wanted(server.address, user, 0, pin))


def known_hosts_line(server: Server) -> str:
    kind, key = server.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
    return f"{server.address} {kind} {key}\n"


def cut_sessions(server: Server) -> None:
    """Those that are open end at once; new ones are taken."""
    server.tried("pkill", "-KILL", "-x", "sshd-session")


def log_lines(server: Server) -> int:
    return len(server.run("cat", LOG).splitlines())


def logged(server: Server, since: int) -> list[str]:
    return server.run("cat", LOG).splitlines()[since:]
