"""From hops to one authenticated transport. Connecting is the only thing that is ever retried."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import paramiko
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.ssh.authentication import authenticate
from pyhelpers.hosts.ssh.host_key import known_keys, preferred, verify
from pyhelpers.hosts.ssh.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.hosts.ssh.address import Hop

CONNECT_S = 8.0
# paramiko's own, more exact words for a silent server come first.
TELL_S = 1.0
ATTEMPTS = 3
RETRY_S = 0.3
# Not yet sent may wait in the kernel: a guard's beat must not stand behind seconds of an upload.
NOT_SENT_BYTES = 128 << 10
# What paramiko logs of a failure is a traceback; without a handler it would stand on the screen.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Refused(Unreachable):
    """The machine is there and closed the door: it may be starting, or busy with many others."""


class _Stream:
    """What a transport runs on: a socket, or a channel of the hop before.

    It remembers what it heard first: paramiko does not say what stood there in SSH's place.
    """

    def __init__(self, under: socket.socket | paramiko.Channel) -> None:
        self._under = under
        self.first = b""
        self.recv: Callable[[int], bytes] = self._recv

    def _recv(self, nbytes: int) -> bytes:
        self.first = self._under.recv(nbytes)
        self.recv = self._under.recv  # from here on nothing stands in between
        return self.first

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever paramiko wants of a socket
        return getattr(self._under, name)

    @property
    def is_ssh(self) -> bool:
        return not self.first or self.first.startswith(b"SSH-")


def connect(hops: Sequence[Hop]) -> tuple[paramiko.Transport, ...]:
    """A transport a hop, the last one to the host itself. Raises `Unreachable`, naming the hop."""
    retrying = Retrying(
        retry=retry_if_exception_type(Refused),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_fixed(RETRY_S),
        reraise=True,
    )
    return retrying(_connect, hops)


def _connect(hops: Sequence[Hop]) -> tuple[paramiko.Transport, ...]:
    made: list[paramiko.Transport] = []
    try:
        for hop in hops:
            made.append(_through(hop, made[-1] if made else None))
    except BaseException:
        close(made)
        raise
    return tuple(made)


def close(transports: Sequence[paramiko.Transport]) -> None:
    """The last hop first: the others carry it."""
    for transport in reversed(transports):
        with suppress(OSError, EOFError):
            transport.close()


def _through(hop: Hop, before: paramiko.Transport | None) -> paramiko.Transport:
    stream = _Stream(_socket(hop) if before is None else _forwarded(hop, before))
    try:
        # paramiko says socket, and uses a part of one.
        transport = Transport(stream)  # type: ignore[arg-type]
    except BaseException:
        stream.close()
        raise
    try:
        _open(transport, hop, stream)
    except BaseException:
        transport.close()
        raise
    return transport


def _open(transport: paramiko.Transport, hop: Hop, stream: _Stream) -> None:
    known = known_keys(hop)
    options = transport.get_security_options()
    options.key_types = preferred(options.key_types, known)
    transport.banner_timeout = transport.handshake_timeout = CONNECT_S
    try:
        transport.start_client(timeout=CONNECT_S + TELL_S)
        verify(hop, transport.get_remote_server_key(), known)
        authenticate(transport, hop)
    except (paramiko.SSHException, EOFError, OSError) as problem:
        if not stream.is_ssh:
            raise _unreachable(hop, "something answers that is not SSH") from None
        raise _no_ssh(hop, problem) from None


def _socket(hop: Hop) -> socket.socket:
    try:
        sock = socket.create_connection((hop.address, hop.port), timeout=CONNECT_S)
    except socket.gaierror:
        raise Unreachable(
            error=f"the name {hop.address} does not resolve", try_=f"getent hosts {hop.address}"
        ) from None
    except TimeoutError:
        raise _unreachable(hop, f"did not answer within {CONNECT_S:g} s") from None
    except ConnectionRefusedError:
        raise Refused(
            error=f"{hop.shown}: nobody listens on port {hop.port}", try_=_try_by_hand(hop)
        ) from None
    except OSError as problem:
        raise _unreachable(hop, problem.strerror or type(problem).__name__) from None
    # Small messages must not wait for each other.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(OSError, AttributeError):  # Linux and macOS know it; without it all works too
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOT_SENT_BYTES)
    return sock


def _forwarded(hop: Hop, before: paramiko.Transport) -> paramiko.Channel:
    try:
        return before.open_channel(
            "direct-tcpip", (hop.address, hop.port), ("127.0.0.1", 0), timeout=CONNECT_S
        )
    except (paramiko.SSHException, EOFError, OSError) as problem:
        raise _unreachable(hop, f"is not reached through its jump host: {problem}") from None


def _no_ssh(hop: Hop, problem: Exception) -> Unreachable:
    """What the handshake met, told apart by the words that paramiko has for it."""
    said = str(problem)
    if "banner" in said and isinstance(problem.__cause__ or problem.__context__, EOFError):
        return Refused(error=f"{hop.shown} hung up at once", try_=_try_by_hand(hop))
    # start_client only returns when its time is over; the question for the key then says "No …".
    silent = ("banner", "timeout", "No existing session")
    if any(word in said for word in silent) or isinstance(problem, TimeoutError):
        return _unreachable(hop, f"accepts, and says nothing within {CONNECT_S:g} s")
    if isinstance(problem, EOFError | ConnectionError) or "EOF" in said:
        return Refused(error=f"{hop.shown} hung up at once", try_=_try_by_hand(hop))
    return _unreachable(hop, said or type(problem).__name__)


def _unreachable(hop: Hop, what: str) -> Unreachable:
    return Unreachable(error=f"{hop.shown} {what}", try_=_try_by_hand(hop))


def _try_by_hand(hop: Hop) -> str:
    return f"ssh -v -p {hop.port} {hop.user}@{hop.address} true"
