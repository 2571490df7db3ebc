"""Is the machine at the other end the one we know? Nothing is ever learned by itself."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pyhelpers.hosts.ssh.address import Hop


class HostKeyRefused(Unreachable):
    """The key is unknown or another than the known one: perhaps it is another machine."""


def fingerprint(key: paramiko.PKey) -> str:
    """As `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return f"SHA256:{b64encode(digest).decode().rstrip('=')}"


class Known(NamedTuple):
    """A line of known_hosts: the key of a host, or one that is the key of no host any more."""

    key: paramiko.PKey
    revoked: bool = False


def known_keys(hop: Hop) -> list[Known]:
    """Those that known_hosts has for this hop; lines that nobody can read are passed over."""
    lines = (line for path in hop.known_hosts for line in _lines(path))
    return [known for line in lines if (known := _known(line.strip(), hop.known_as)) is not None]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise Unreachable(
            error=f"{path} cannot be read: {problem.strerror}", try_=f"ls -l {path}"
        ) from None


def _known(line: str, known_as: str) -> Known | None:
    """Authorities (@cert-authority) sign certificates, which nobody here asks for."""
    revoked = line.startswith("@revoked")
    try:
        entry = HostKeyEntry.from_line(line.removeprefix("@revoked").lstrip())
        if entry is not None and _is_of(known_as, entry.hostnames):
            return Known(entry.key, revoked)
    except (paramiko.SSHException, InvalidHostKey, ValueError):
        pass
    return None


def _is_of(known_as: str, names: Sequence[str]) -> bool:
    """`!name` excludes a host whatever else matches, as sshd(8) has it."""
    excluded = [name.removeprefix("!") for name in names if name.startswith("!")]
    included = [name for name in names if not name.startswith("!")]
    return any(_is(known_as, each) for each in included) and not any(
        _is(known_as, each) for each in excluded
    )


def _is(known_as: str, name: str) -> bool:
    """Hosts' names are alike in upper and lower case, and may stand there hashed, or with * and ?.

    Brackets stand around a name that has a port, and mean nothing else.
    """
    known_as = known_as.lower()
    if name.startswith("|1|"):
        return compare_digest(paramiko.HostKeys.hash_host(known_as, name), name)
    pattern = re.escape(name.lower()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, known_as) is not None


def preferred(types: Iterable[str], known: Iterable[Known]) -> tuple[str, ...]:
    """The key types to ask for, those that we could verify first.

    A server that has several keys shows the first type asked for.
    """
    ours = {name for each in known for name in _algorithms(each.key)}
    types = tuple(types)
    return (*(t for t in types if t in ours), *(t for t in types if t not in ours))


def _algorithms(key: paramiko.PKey) -> tuple[str, ...]:
    """An ssh-rsa key may be asked for under three names, by the hash of its signature."""
    name = key.get_name()
    return ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa") if name == "ssh-rsa" else (name,)


def verify(hop: Hop, key: paramiko.PKey, known: Sequence[Known]) -> None:
    """Raises `HostKeyRefused` with the command that shows the key."""
    shown = fingerprint(key)
    if Known(key, revoked=True) in known:
        raise _refused(hop, f"shows a key that known_hosts has revoked: {shown}", key)
    if hop.fingerprint:
        if shown != hop.fingerprint:
            raise _refused(hop, f"shows {shown}, protostar.yml says {hop.fingerprint}", key)
        return
    if Known(key) not in known:
        raise _refused(hop, _stranger(key, shown, known), key)


def _stranger(key: paramiko.PKey, shown: str, known: Sequence[Known]) -> str:
    ours = [each.key for each in known if not each.revoked]
    same = [fingerprint(each) for each in ours if each.get_name() == key.get_name()]
    if same:
        return f"has changed its key: {shown}, known is {' or '.join(same)}"
    if ours:
        return f"shows a key of another type than the known one: {shown}"
    return f"is not known yet; it shows {shown}"


def _refused(hop: Hop, what: str, key: paramiko.PKey) -> HostKeyRefused:
    kind = key.get_name().removeprefix("ssh-").split("-")[0]
    return HostKeyRefused(
        error=f"{hop.known_as} {what}",
        try_=f"ssh-keyscan -t {kind} -p {hop.port} {hop.address} | ssh-keygen -lf -, compare it "
        f"with `ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub` on that machine, then put the "
        f"line into {hop.known_hosts[0]}",
    )
