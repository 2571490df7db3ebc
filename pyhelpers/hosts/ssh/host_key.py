"""Is the machine at the other end the one we know? Nothing is ever learned by itself."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING

import paramiko

from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyhelpers.hosts.ssh.address import Hop


class HostKeyRefused(Unreachable):
    """The key is unknown or another than the known one: perhaps it is another machine."""


def fingerprint(key: paramiko.PKey) -> str:
    """As `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return f"SHA256:{b64encode(digest).decode().rstrip('=')}"


def known_keys(hop: Hop) -> list[paramiko.PKey]:
    """Those that known_hosts has for this hop; lines that nobody can read are passed over."""
    found = [_in_file(path, hop.known_as) for path in hop.known_hosts if path.exists()]
    return [key for keys in found for key in keys]


def _in_file(path: Path, known_as: str) -> list[paramiko.PKey]:
    keys = paramiko.HostKeys()
    keys.load(str(path))
    return list((keys.lookup(known_as) or {}).values())


def preferred(types: Iterable[str], known: Iterable[paramiko.PKey]) -> tuple[str, ...]:
    """The key types to ask for, those that we could verify first.

    A server that has several keys shows the first type asked for.
    """
    ours = {name for key in known for name in _algorithms(key)}
    types = tuple(types)
    return (*(t for t in types if t in ours), *(t for t in types if t not in ours))


def _algorithms(key: paramiko.PKey) -> tuple[str, ...]:
    """An ssh-rsa key may be asked for under three names, by the hash of its signature."""
    name = key.get_name()
    return ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa") if name == "ssh-rsa" else (name,)


def verify(hop: Hop, key: paramiko.PKey, known: Iterable[paramiko.PKey]) -> None:
    """Raises `HostKeyRefused` with the command that shows the key."""
    shown = fingerprint(key)
    if hop.fingerprint:
        if shown != hop.fingerprint:
            raise _refused(hop, f"shows {shown}, protostar.yml says {hop.fingerprint}", key)
        return
    of_type = {each.get_name(): each for each in known}
    expected = of_type.get(key.get_name())
    if expected == key:
        return
    if expected is not None:
        raise _refused(hop, f"has changed its key: {shown}, known is {fingerprint(expected)}", key)
    if of_type:
        raise _refused(hop, f"shows a key of another type than the known one: {shown}", key)
    raise _refused(hop, f"is not known yet; it shows {shown}", key)


def _refused(hop: Hop, what: str, key: paramiko.PKey) -> HostKeyRefused:
    kind = key.get_name().removeprefix("ssh-").split("-")[0]
    return HostKeyRefused(
        error=f"{hop.known_as} {what}",
        try_=f"ssh-keyscan -t {kind} -p {hop.port} {hop.address} | ssh-keygen -lf -, compare it "
        f"with `ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub` on that machine, then put the "
        f"line into {hop.known_hosts[0]}",
    )
