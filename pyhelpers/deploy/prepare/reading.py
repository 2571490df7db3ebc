"""Reads from a server what prepare decides on. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.prepare import daemon
from pyhelpers.deploy.prepare.model import ServerFacts
from pyhelpers.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.deploy.prepare.model import Wanted
    from pyhelpers.hosts.protocol import Host

SHELL_S = 20.0
# A user's own PATH may lack them.
SBIN = ("env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
ENGINE_FORMAT = "{{.LiveRestoreEnabled}} {{.ContainersRunning}}"
DOCKERD = 'tr "\\0" " " < "/proc/$(cat /run/docker.pid)/cmdline"'
LOGIND = (
    "cat /usr/lib/systemd/logind.conf.d/*.conf /etc/systemd/logind.conf"
    " /etc/systemd/logind.conf.d/*.conf 2>/dev/null"
)


def root_prefix(host: Host) -> tuple[str, ...]:
    """What makes a command root's: nothing, or sudo without a question.

    Raises `PreflightError` when the user of the connection is neither.
    """
    if host.run(["id", "-u"], deadline_s=SHELL_S).out.strip() == "0":
        return SBIN
    if host.run(["sh", "-c", "sudo -n true"], deadline_s=SHELL_S).ok:
        return ("sudo", "-n", *SBIN)
    raise PreflightError(
        error=f"{host.name}: this user is not root there, and sudo asks for a password",
        try_=f"protostar deploy prepare {host.name} --apply --as root@ADDRESS",
    )


class Reader:
    """One short command a fact; a program that is not there says nothing."""

    def __init__(self, host: Host, prefix: Sequence[str]) -> None:
        self._host = host
        self._prefix = prefix

    def said(self, *argv: str) -> str:
        """Through `env`, so that an absent program is a status and not an error of ours."""
        done = self._host.run([*self._prefix, *argv], deadline_s=SHELL_S)
        return done.out if done.ok else ""


def read_server(host: Host, wanted: Wanted, prefix: Sequence[str]) -> ServerFacts:
    """Raises `Unreachable` when the server does not answer."""
    said = Reader(host, prefix).said
    passwd = said("getent", "passwd", wanted.user)
    home = ServerFacts(passwd=passwd).home(wanted.user)
    live_restore, _, running = said("docker", "info", "--format", ENGINE_FORMAT).partition(" ")
    root = str(wanted.root)
    return ServerFacts(
        os_release=said("cat", "/etc/os-release"),
        engine=said("docker", "version", "--format", "{{.Server.Version}}").strip(),
        compose=said("docker", "compose", "version", "--short").strip(),
        passwd=passwd,
        groups=said("id", "-nG", wanted.user) if passwd else "",
        authorized_keys=said("cat", f"{home}/.ssh/authorized_keys"),
        folders=(_owner(said, root), _owner(said, f"{root}/live")),
        daemon_json=said("cat", daemon.PATH),
        dockerd=said("sh", "-c", DOCKERD),
        live_restore=live_restore.strip() == "true",
        containers_running=int(running.strip() or 0),
        sshd=said("sshd", "-T", "-C", f"user={wanted.user},host=localhost,addr=127.0.0.1"),
        logind=said("sh", "-c", f"{LOGIND}; true"),
    )


def _owner(said: Callable[..., str], path: str) -> str:
    return said("stat", "-c", "%U %a", path).strip()
