"""The machine we run on."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import requests

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.denied import denied
from pyhelpers.hosts.local_channel import LocalChannel, pipe
from pyhelpers.hosts.loopback import exposed
from pyhelpers.hosts.protocol import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from docker import DockerClient
    from pyhelpers.hosts.protocol import Line

ENGINE_DEADLINE_S = 20


class LocalHost:
    """`Host` on this machine: subprocesses, files, the engine's socket."""

    def __init__(self, name: str, root: PurePosixPath) -> None:
        self.name = name
        self.root = root
        self._docker: DockerClient | None = None

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_s: float,
        stdin: bytes = b"",
        on_line: Callable[[str], None] | None = None,
    ) -> Finished:
        process = _spawn(argv)
        pump = _Pump(process, stdin, on_line)
        try:
            status = process.wait(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            _end_group(process)
            raise DeadlinePassed(argv, deadline_s) from None
        out, err = pump.finish()
        return Finished(tuple(argv), status, out, err)

    def start(self, argv: Sequence[str]) -> LocalChannel:
        return LocalChannel(_spawn(argv, stderr=subprocess.DEVNULL))

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        try:
            with denied(self.name, path), Path(path).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - limit_bytes))
                return file.read()
        except FileNotFoundError:
            return None

    def names(self, path: PurePosixPath) -> frozenset[str]:
        try:
            with denied(self.name, path):
                return frozenset(entry.name for entry in Path(path).iterdir())
        except FileNotFoundError:
            return frozenset()

    def put(self, path: PurePosixPath, data: bytes, mode: int = 0o644) -> None:
        with denied(self.name, path):
            _put(path, data, mode)

    def docker(self) -> DockerClient:
        if self._docker is None:
            from docker import DockerClient  # noqa: PLC0415 - 0.15 s that --help must not pay

            self._docker = DockerClient.from_env(timeout=ENGINE_DEADLINE_S)
        return self._docker

    def append(self, path: PurePosixPath, chunks: Iterable[bytes], *, at: int) -> None:
        _make_folders(Path(path.parent), 0o700)
        with Path(path).open("r+b" if at else "wb") as file:
            file.seek(at)
            file.writelines(chunks)

    def size(self, path: PurePosixPath) -> int | None:
        try:
            with denied(self.name, path):
                return Path(path).stat().st_size
        except FileNotFoundError:
            return None

    def session(self, port: int) -> requests.Session:  # noqa: ARG002 - over SSH it matters
        session = requests.Session()
        session.trust_env = False  # a proxy of the laptop must not stand in between
        return session

    def exposed(self, handler: Callable[[Line], None]) -> AbstractContextManager[int]:
        return exposed(handler)

    def close(self) -> None:
        if self._docker is not None:
            self._docker.close()


class _Pump:
    """Feeds stdin and reads both outputs as they come, so that no pipe ever fills."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stdin: bytes,
        on_line: Callable[[str], None] | None,
    ) -> None:
        self._on_line = on_line
        self._texts: tuple[list[str], list[str]] = ([], [])
        self._threads = [
            threading.Thread(target=self._read, args=(process.stdout, self._texts[0]), daemon=True),
            threading.Thread(target=self._read, args=(process.stderr, self._texts[1]), daemon=True),
            threading.Thread(target=_feed, args=(process, stdin), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: IO[bytes] | None, texts: list[str]) -> None:
        with pipe(stream) as lines:
            for raw in lines:
                line = raw.decode(errors="replace")
                texts.append(line)
                if self._on_line is not None:
                    self._on_line(line.rstrip("\n"))

    def finish(self) -> tuple[str, str]:
        for thread in self._threads:
            thread.join(timeout=5)
        return "".join(self._texts[0]), "".join(self._texts[1])


def _spawn(argv: Sequence[str], stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise Unreachable(
            error=f"`{argv[0]}` is not installed on this machine",
            try_=f"install {argv[0]}, then run the same command again",
        ) from None


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    # It may end without reading; its exit status tells. `with` closes the pipe in any case.
    with suppress(BrokenPipeError), pipe(process.stdin) as stdin:
        stdin.write(data)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    # Also when the leader has ended: its children may have outlived it.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _put(path: PurePosixPath, data: bytes, mode: int) -> None:
    folder = Path(path.parent)
    _make_folders(folder)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            Path(file.name).rename(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    _sync_folder(folder)


def _make_folders(folder: Path, mode: int = 0o755) -> None:
    """With 0755 whatever the umask: nginx, another user, must enter what it mounts."""
    if not folder.exists():
        _make_folders(folder.parent, mode)
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
