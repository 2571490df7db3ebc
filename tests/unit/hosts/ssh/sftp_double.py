"""The files of this machine by SFTP, and what can become of an sftp-server."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko.sftp import SFTP_OK, SFTP_PERMISSION_DENIED
from paramiko.sftp_attr import SFTPAttributes

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Sftp:
    """What a test says of it. `denied`: folders of another user, into which nobody looks."""

    denied: set[str] = field(default_factory=set)
    started: int = 0
    dies_at: set[str] = field(default_factory=set)


class SftpServer(paramiko.SFTPServer):
    """One that knows which channel it serves."""

    def __init__(self, channel: paramiko.Channel, *rest: Any) -> None:
        super().__init__(channel, *rest)
        self.server.channel = channel  # type: ignore[attr-defined]  # paramiko's stubs know it not


class ServedFiles(paramiko.SFTPServerInterface):
    """As far as hosts are read and written."""

    def __init__(self, server: paramiko.ServerInterface, sftp: Sftp) -> None:
        super().__init__(server)
        self.channel: paramiko.Channel
        self._sftp = sftp
        sftp.started += 1

    def _done(self, path: str, deed: Callable[[], Any]) -> Any:
        if path in self._sftp.dies_at:
            self._sftp.dies_at.remove(path)
            self.channel.close()
        if any(path.startswith(folder) for folder in self._sftp.denied):
            return SFTP_PERMISSION_DENIED
        try:
            return deed()
        except OSError as problem:
            return paramiko.SFTPServer.convert_errno(problem.errno or 0)

    def list_folder(self, path: str) -> Any:
        return self._done(path, lambda: [_attributes(each) for each in Path(path).iterdir()])

    def stat(self, path: str) -> Any:
        return self._done(path, lambda: _attributes(Path(path)))

    def remove(self, path: str) -> Any:
        return self._done(path, lambda: _unlinked(path))

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> Any:
        return self._done(path, lambda: _opened(path, flags))


def _unlinked(path: str) -> int:
    Path(path).unlink()
    return SFTP_OK


def _attributes(path: Path) -> SFTPAttributes:
    return SFTPAttributes.from_stat(path.stat(), path.name)


class _File(paramiko.SFTPHandle):
    def stat(self) -> Any:
        return SFTPAttributes.from_stat(os.fstat(self.writefile.fileno()))  # type: ignore[attr-defined]  # set below

    def chattr(self, attr: SFTPAttributes) -> Any:
        os.fchmod(self.writefile.fileno(), attr.st_mode or 0)  # type: ignore[attr-defined]  # set below
        return SFTP_OK


def _opened(path: str, flags: int) -> paramiko.SFTPHandle:
    mode = "wb" if flags & os.O_WRONLY else "rb"
    file = os.fdopen(os.open(path, flags, 0o666), mode)
    handle = _File(flags)
    handle.readfile = handle.writefile = file  # type: ignore[attr-defined]  # as SFTPHandle says
    return handle
