"""Who we are there: the agent's keys and key files, in the order that ssh itself takes."""

from __future__ import annotations

import os
from base64 import b64decode
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import paramiko
from paramiko.pkey import PKey, UnknownKeyType

from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyhelpers.hosts.ssh.address import Hop

    Agent = Mapping[bytes, paramiko.PKey]

PASSPHRASE = "PROTOSTAR_SSH_PASSPHRASE"  # noqa: S105 - the variable's name, not its value
# sshd ends the connection after six refused keys.
KEYS_AT_MOST = 5
AUTHENTICATION_S = 10.0


class Candidate(NamedTuple):
    """A key, and where it is from, for the error's reader."""

    key: paramiko.PKey
    source: str


def authenticate(transport: paramiko.Transport, hop: Hop) -> None:
    """Raises `Unreachable`, naming the keys that were offered and those that could not be read."""
    transport.auth_timeout = AUTHENTICATION_S
    with _agent() as agent:
        _offer(transport, hop, agent)


def _offer(transport: paramiko.Transport, hop: Hop, agent: Agent) -> None:
    unread: list[str] = []
    offered: list[str] = []
    for candidate in _first(KEYS_AT_MOST, _candidates(hop, agent, unread)):
        offered.append(candidate.source)
        try:
            transport.auth_publickey(hop.user, candidate.key)
        except paramiko.AuthenticationException:
            continue
        except paramiko.SSHException as problem:
            raise _refused(hop, offered, [*unread, str(problem)]) from None
        if transport.is_authenticated():
            return
    raise _refused(hop, offered, unread)


def _first(count: int, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
    """Each key once: the agent often holds what a file holds too."""
    seen: set[bytes] = set()
    for candidate in candidates:
        blob = candidate.key.asbytes()
        if blob not in seen and len(seen) < count:
            seen.add(blob)
            yield candidate


def _candidates(hop: Hop, agent: Agent, unread: list[str]) -> Iterator[Candidate]:
    """The agent's keys that a file is named for, its other ones, and the files it does not hold."""
    named = [blob for path in hop.identity_files if (blob := _public(path)) in agent]
    others = () if hop.identities_only else tuple(agent)
    for blob in (*named, *others):
        yield Candidate(agent[blob], f"the agent's {agent[blob].get_name()}")
    for path in hop.identity_files:
        if path.exists() and _public(path) not in agent:
            yield from _from_file(path, unread)


def _public(path: Path) -> bytes:
    """What stands beside a key file, or nothing: so a locked one is found in the agent."""
    try:
        return b64decode(Path(f"{path}.pub").read_text(encoding="utf-8").split()[1])
    except (OSError, ValueError, IndexError):
        return b""


@contextmanager
def _agent() -> Iterator[Agent]:
    """The agent's keys by their public half. It signs for them, so the line to it stays open."""
    try:
        agent = paramiko.Agent()
    except (paramiko.SSHException, OSError):
        yield {}  # no agent, or one that went: the files remain
        return
    with closing(agent):
        yield {key.asbytes(): key for key in agent.get_keys()}


def _from_file(path: Path, unread: list[str]) -> Iterator[Candidate]:
    try:
        yield Candidate(_opened(path), str(path))
    except _Locked as problem:
        unread.append(f"{path} {problem}")
    except (paramiko.SSHException, UnknownKeyType, TypeError, ValueError, OSError) as problem:
        # Of an unreadable key the kind of trouble is said, never what stands in it.
        unread.append(f"{path} cannot be read ({type(problem).__name__})")


class _Locked(Exception):
    """A key that its passphrase is missing for, or is a wrong one."""


def _opened(path: Path) -> paramiko.PKey:
    """A key that has no passphrase is refused when it is given one: without it comes first."""
    with suppress(paramiko.PasswordRequiredException, TypeError):
        return PKey.from_path(path)
    passphrase = os.environ.get(PASSPHRASE, "").encode()
    if not passphrase:
        raise _Locked(f"needs its passphrase in {PASSPHRASE}, or an agent")
    try:
        # Bytes: what paramiko hands on to cryptography, whatever its annotation says.
        return PKey.from_path(path, passphrase)  # type: ignore[arg-type]
    except (paramiko.SSHException, ValueError):
        raise _Locked(f"cannot be opened with the passphrase in {PASSPHRASE}") from None


def _refused(hop: Hop, offered: list[str], trouble: list[str]) -> Unreachable:
    keys = f"refused {', '.join(offered)}" if offered else "was offered no key"
    more = "".join(f"; {each}" for each in trouble)
    return Unreachable(
        error=f"{hop.shown} {keys}{more}",
        try_=f"ssh -v -p {hop.port} {hop.user}@{hop.address} true",
    )
