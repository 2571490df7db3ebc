"""Where a host is, whom we are there, over which hops: protostar.yml and ssh_config together."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko

from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SSH_PORT = 22
HOPS_AT_MOST = 5
DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
DEFAULT_KNOWN_HOSTS = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What protostar.yml says of a host. `fingerprint` is its key's, as ssh-keygen -l shows it.

    An empty user and a port of 0 leave the answer to ssh_config.
    """

    host: str
    user: str = ""
    port: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One machine on the way, the last one being the host itself. Files are absolute paths."""

    address: str
    port: int
    user: str
    known_as: str
    identity_files: tuple[Path, ...]
    known_hosts: tuple[Path, ...]
    identities_only: bool = False
    fingerprint: str = ""

    @property
    def shown(self) -> str:
        port = "" if self.port == SSH_PORT else f":{self.port}"
        return f"{self.user}@{self.address}{port}"


def read_config(path: Path) -> paramiko.SSHConfig:
    """ssh_config as the user has it; an empty one when there is none."""
    try:
        return paramiko.SSHConfig.from_text(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return paramiko.SSHConfig()
    except (OSError, UnicodeDecodeError, paramiko.ConfigParseError) as problem:
        raise ConfigurationError(
            error=f"{path} cannot be read: {problem}", try_=f"ssh -G -F {path} localhost"
        ) from None


def hops(wanted: Wanted, config: paramiko.SSHConfig, identity: str = "") -> tuple[Hop, ...]:
    """The way to the host: its ProxyJump hosts first, itself last.

    `identity` (a key file) stands before those of ssh_config. Raises `ConfigurationError`.
    """
    return tuple(_way(wanted, config, identity, HOPS_AT_MOST))


def _way(
    wanted: Wanted, config: paramiko.SSHConfig, identity: str, hops_left: int
) -> Iterator[Hop]:
    if not hops_left:
        raise ConfigurationError(
            error=f"{wanted.host}: more than {HOPS_AT_MOST} hops; does ProxyJump go in a circle?",
            try_=f"ssh -G {wanted.host} | grep -i proxyjump",
        )
    found = _looked_up(config, wanted.host)
    jumps = [_parsed(part) for part in _list(found.get("proxyjump", "none"))]
    if jumps:
        # Those after the first are reached through it: their own ProxyJump does not count.
        yield from _way(jumps[0], config, identity, hops_left - 1)
        yield from (_hop(jump, _looked_up(config, jump.host), identity) for jump in jumps[1:])
    elif "proxycommand" in found:
        raise _unusable(wanted.host, f"gives {wanted.host} a ProxyCommand, which is not run")
    yield _hop(wanted, found, identity)


def _looked_up(config: paramiko.SSHConfig, host: str) -> Mapping[str, Any]:
    """Words that we could not follow are told: without them the way would be another one."""
    try:
        found = config.lookup(host)
        int(found.get("port", SSH_PORT))
    except (paramiko.SSHException, ValueError) as problem:
        raise _unusable(host, f"of {host} cannot be used: {problem}") from None
    return found


def _unusable(host: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        error=f"ssh_config {why}", try_=f"ssh -G {host}; a jump host is named by ProxyJump"
    )


def _list(value: str) -> list[str]:
    return [] if value == "none" else [part.strip() for part in value.split(",")]


def _parsed(text: str) -> Wanted:
    """`user@host:port`, each but the host left out at will; [::1] for an IPv6 address."""
    user, _, place = text.removeprefix("ssh://").rpartition("@")
    host, colon, port = place.rpartition(":")
    if colon and port.isdecimal() and (host.endswith("]") or ":" not in host):
        return Wanted(host.strip("[]"), user, int(port))
    return Wanted(place.strip("[]"), user)


def _hop(wanted: Wanted, found: Mapping[str, Any], identity: str) -> Hop:
    address = found.get("hostname", wanted.host)
    port = wanted.port or int(found.get("port", SSH_PORT))
    known_as = found.get("hostkeyalias") or (address if port == SSH_PORT else f"[{address}]:{port}")
    known = (found["userknownhostsfile"].split() if "userknownhostsfile" in found else []) or (
        DEFAULT_KNOWN_HOSTS
    )
    keys = [identity] if identity else []
    return Hop(
        address=address,
        port=port,
        user=wanted.user or found.get("user") or getpass.getuser(),
        known_as=known_as,
        identity_files=_paths([*keys, *(found.get("identityfile") or DEFAULT_KEYS)]),
        known_hosts=_paths(known),
        identities_only=found.get("identitiesonly", "no") == "yes",
        fingerprint=wanted.fingerprint,
    )


def _paths(names: Sequence[str]) -> tuple[Path, ...]:
    return tuple(Path(name).expanduser() for name in names)
