"""An SSH server in this process. What it is told it runs in a real shell."""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from pyhelpers.hosts.ssh.address import Hop
from pyhelpers.hosts.ssh.host_key import fingerprint

from .sftp_double import ServedFiles, Sftp, SftpServer

if TYPE_CHECKING:
    from collections.abc import Callable

USER = "deploy"
# The one that is "listened" on for every forward.
PORT = 4711


@cache
def host_key() -> paramiko.PKey:
    private = ec.generate_private_key(ec.SECP256R1())
    return paramiko.ECDSAKey(vals=(private, private.public_key()))


def write_key(path: Path, passphrase: str = "") -> Path:
    """A new key in OpenSSH's own form, its public half beside it."""
    private = ed25519.Ed25519PrivateKey.generate()
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        locked = serialization.BestAvailableEncryption(passphrase.encode())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH)
    path.write_bytes(private.private_bytes(*form, locked))
    path.chmod(0o600)
    public = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    path.with_name(f"{path.name}.pub").write_bytes(private.public_key().public_bytes(*public))
    return path


def blob(path: Path) -> bytes:
    """What a server compares."""
    return paramiko.PKey.from_path(path).asbytes()


@dataclass
class Policy(paramiko.ServerInterface):
    """What one server allows."""

    allowed: set[bytes]
    sessions: int = 10
    forwards: bool = True
    offered: list[bytes] = field(default_factory=list)
    opened: int = 0
    # What whoever listens on the host's ports says to each request; None: nobody listens.
    says: bytes | None = None
    to_ports: set[int] = field(default_factory=set)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.offered.append(key.asbytes())
        good = username == USER and key.asbytes() in self.allowed
        return AUTH_SUCCESSFUL if good else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if kind != "session" or self.opened >= self.sessions:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self.opened += 1
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=_executed, args=(channel, command), daemon=True).start()
        return True

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if self.says is None:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self.to_ports.add(chanid)
        return OPEN_SUCCEEDED

    def answer(self, transport: paramiko.Transport) -> None:
        kept = []  # a channel that nobody holds is closed
        while transport.is_active():
            channel = transport.accept(0.2)
            kept.append(channel)
            if channel is not None and channel.get_id() in self.to_ports:
                threading.Thread(target=_answering, args=(channel, self.says), daemon=True).start()

    def check_port_forward_request(self, address: str, port: int) -> int | bool:
        return PORT if self.forwards else False

    def cancel_port_forward_request(self, address: str, port: int) -> None:
        """Nothing listens."""


def _answering(channel: paramiko.Channel, says: bytes) -> None:
    with suppress(OSError, EOFError):
        while channel.recv(1 << 15):
            channel.sendall(says)


def _executed(channel: paramiko.Channel, command: bytes) -> None:
    process = subprocess.Popen(
        ["sh", "-c", command.decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    threading.Thread(target=_fed, args=(channel, process), daemon=True).start()
    outputs = [
        threading.Thread(target=_told, args=side, daemon=True)
        for side in ((process.stdout, channel.sendall), (process.stderr, channel.sendall_stderr))
    ]
    for each in outputs:
        each.start()
    for each in outputs:
        each.join()
    with suppress(OSError, EOFError):
        channel.send_exit_status(process.wait())
        channel.close()


def _fed(channel: paramiko.Channel, process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(OSError), process.stdin as stdin:
        while chunk := channel.recv(1 << 15):
            stdin.write(chunk)
            stdin.flush()


def _told(stream: IO[bytes], send: Callable[[bytes], None]) -> None:
    with suppress(OSError), stream:
        while chunk := stream.read1(1 << 15):  # type: ignore[attr-defined]  # of a pipe it has it
            send(chunk)


class SshServer:
    """`with SshServer(allowed) as server: … server.hop(keys)`."""

    def __init__(self, *keys: Path, sessions: int = 10, forwards: bool = True) -> None:
        self.policy = Policy({blob(key) for key in keys}, sessions, forwards)
        self.sftp = Sftp()
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._serve(self._listener.accept()[0])

    def _serve(self, sock: socket.socket) -> None:
        transport = paramiko.Transport(sock)
        self._transports.append(transport)
        self.connections += 1
        transport.add_server_key(host_key())
        transport.set_subsystem_handler("sftp", SftpServer, ServedFiles, self.sftp)
        with suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=self.policy)
        threading.Thread(target=self.policy.answer, args=(transport,), daemon=True).start()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._thread.join(5)

    def cut(self) -> None:
        """Every connection ends; new ones are taken."""
        for transport in self._transports:
            transport.close()

    def connect_to_forwarded(self) -> paramiko.Channel:
        """As somebody on the host who connects to the forwarded port."""
        transport = self._transports[-1]
        return transport.open_forwarded_tcpip_channel(("127.0.0.1", 50000), ("127.0.0.1", PORT))

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def hop(self, *keys: Path, user: str = USER, pin: str = "", only: bool = True) -> Hop:
        return Hop(
            address="127.0.0.1",
            port=self.port,
            user=user,
            known_as="a5",
            identity_files=keys,
            known_hosts=(Path("/nowhere/known_hosts"),),
            identities_only=only,
            fingerprint=pin or fingerprint(host_key()),
        )
