"""Files on the host, by SFTP; and the one command that makes a file there for good."""

from __future__ import annotations

import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import paramiko

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.denied import denied
from pyhelpers.hosts.ssh.channels import let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import PurePosixPath

    from pyhelpers.hosts.protocol import Finished
    from pyhelpers.hosts.ssh.channels import Channels

    Run = Callable[..., Finished]

T = TypeVar("T")

FILE_S = 20.0
# A transfer may take hours; a disk that takes nothing for so long hangs.
APPEND_S, STALL_S = 6 * 3600.0, 60.0
# What is no answer about a file, but the end of the one who answers.
BROKEN = (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError)
# Beside, synced, renamed, and the folder synced: whole or not at all, also after a power cut.
# Folders with 0755 whatever the umask: nginx, another user, must enter what it mounts.
# In English whatever the host speaks: what went wrong is told apart by its words.
ENGLISH = "export LC_ALL=C && "
PLACE = ENGLISH + 'sync -- "$1" && mv -T -- "$1" "$2" && sync -- "${2%/*}"'
FOLDERS = ENGLISH + 'umask 022 && mkdir -p -- "$1"'
# What an image's layer is written with: from an offset, so that a cut transfer is gone on with.
APPEND = ENGLISH + (
    'umask 077 && mkdir -p -- "${1%/*}" && { [ -e "$1" ] || : >"$1"; } && '
    'truncate -s "$2" -- "$1" && exec cat >>"$1"'
)


def placing(beside: PurePosixPath, path: PurePosixPath) -> list[str]:
    return ["sh", "-c", PLACE, "place", str(beside), str(path)]


def making(folder: PurePosixPath) -> list[str]:
    return ["sh", "-c", FOLDERS, "folders", str(folder)]


def appending(path: PurePosixPath, at: int) -> list[str]:
    return ["sh", "-c", APPEND, "append", str(path), str(at)]


class Files:
    """One SFTP channel, opened with the first file, used by one caller at a time.

    paramiko's client throws away an answer that another thread waits for.
    """

    def __init__(self, name: str, channels: Channels, run: Run) -> None:
        self._name, self._channels, self._run = name, channels, run
        self._client: paramiko.SFTPClient | None = None
        self._lock = threading.Lock()

    def _do(self, deed: Callable[[paramiko.SFTPClient], T]) -> T:
        """After trouble the next one opens another channel: this one may answer nobody any more."""
        with self._lock:
            if self._client is None:
                self._client = self._opened()
            try:
                return deed(self._client)
            except (FileNotFoundError, PermissionError):
                raise
            except BROKEN:
                self._let_go()
                raise

    def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            let_go(client)

    def _opened(self) -> paramiko.SFTPClient:
        channel = self._channels.session()
        channel.settimeout(FILE_S)
        try:
            channel.invoke_subsystem("sftp")
            return paramiko.SFTPClient(channel)
        except BROKEN:
            let_go(channel)
            raise Unreachable(
                error=f"{self._name}: its sshd gives no SFTP",
                try_="grep -i sftp /etc/ssh/sshd_config, on that host",
            ) from None

    def read(self, path: PurePosixPath, limit_bytes: int) -> bytes | None:
        """The file's last `limit_bytes`, or None when there is none."""

        def tail(sftp: paramiko.SFTPClient) -> bytes:
            with sftp.open(str(path), "rb") as file:
                size = file.stat().st_size or 0
                file.seek(max(0, size - limit_bytes))
                return bytes(file.read(limit_bytes))

        return self._asked(path, tail, None)

    def names(self, path: PurePosixPath) -> frozenset[str]:
        return self._asked(path, lambda sftp: frozenset(sftp.listdir(str(path))), frozenset())

    def size(self, path: PurePosixPath) -> int | None:
        return self._asked(path, lambda sftp: sftp.stat(str(path)).st_size, None)

    def _asked(
        self, path: PurePosixPath, question: Callable[[paramiko.SFTPClient], T], absent: T
    ) -> T:
        try:
            with denied(self._name, path):
                return self._do(question)
        except FileNotFoundError:
            return absent
        except BROKEN as problem:
            raise self._channels.cut(problem) from None

    def put(self, path: PurePosixPath, data: bytes, mode: int) -> None:
        """Write whole or not at all. Raises `Denied`, or `Unreachable` on a full disk."""
        beside = path.parent / f".{path.name}.{secrets.token_hex(4)}"
        try:
            with denied(self._name, path):
                self._write(beside, data, mode)
                self._must(placing(beside, path), path)
        except BaseException:
            with suppress(Unreachable):
                self._asked(beside, lambda sftp: sftp.remove(str(beside)), None)
            raise

    def _write(self, path: PurePosixPath, data: bytes, mode: int) -> None:
        try:
            self._written(path, data, mode)
        except FileNotFoundError:
            self._must(making(path.parent), path)
            self._written(path, data, mode)

    def _written(self, path: PurePosixPath, data: bytes, mode: int) -> None:
        def write(sftp: paramiko.SFTPClient) -> None:
            with sftp.open(str(path), "wx") as file:
                file.chmod(mode)
                file.write(data)

        try:
            self._do(write)
        except (FileNotFoundError, PermissionError):
            raise
        except (paramiko.SSHException, paramiko.SFTPError, EOFError) as problem:
            raise self._channels.cut(problem) from None
        except OSError as problem:
            raise self._cannot(path, str(problem)) from None

    def append(self, path: PurePosixPath, chunks: Iterable[bytes], at: int) -> None:
        """The chunks from offset `at` on. What was written before a cut stays.

        What `chunks` itself raises comes through.
        """
        try:
            done = self._run(
                appending(path, at), deadline_s=APPEND_S, stall_s=STALL_S, stdin=chunks
            )
        except DeadlinePassed:
            raise self._cannot(path, "it is not taken in time; does the disk hang?") from None
        if not done.ok:
            raise self._cannot(path, done.err.strip())

    def _must(self, argv: list[str], path: PurePosixPath) -> None:
        done: Finished = self._run(argv, deadline_s=FILE_S)
        if "Permission denied" in done.err:
            raise PermissionError(str(path))
        if not done.ok:
            raise self._cannot(path, done.err.strip())

    def _cannot(self, path: PurePosixPath, why: str) -> Unreachable:
        return Unreachable(
            error=f"{self._name}: {path} cannot be written: {why}", try_=f"df -h {path.parent}"
        )
