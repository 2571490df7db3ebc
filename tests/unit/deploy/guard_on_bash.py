"""The real guard.sh: bash in a temporary folder, with a double for the engine's client."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy import commands
from pyhelpers.deploy.guard_script import SCRIPTS
from tests.unit.deploy.guard_table import SERVICE
from tests.unit.deploy.probe_double import answering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOUBLE = Path(__file__).with_name("docker_double.sh")
LIMIT_S = 20.0


class BashStage:
    """Plays a case on the real script. Close it: what it started ends then."""

    def __init__(self, folder: Path, given: Mapping[str, Any]) -> None:
        self._root, self._double = folder / "root", folder / "double"
        self._deaf_s = str(given.get("deaf_s", 30))
        self._guards: dict[str, _Process] = {}
        self._leftover: subprocess.Popen[bytes] | None = None
        self._open = ExitStack()
        self._port = self._open.enter_context(answering(given.get("in_flight", [])))
        self._install(folder, given)

    def _install(self, folder: Path, given: Mapping[str, Any]) -> None:
        self._script = folder / "guard.sh"
        for name in SCRIPTS:
            (folder / name).write_bytes(files("pyhelpers.deploy").joinpath(name).read_bytes())
        (folder / "bin").mkdir()
        (folder / "bin" / "docker").write_bytes(DOUBLE.read_bytes())
        (folder / "bin" / "docker").chmod(0o755)
        self.env = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"}
        self.env["DOUBLE"] = str(self._double)
        for name, container in given.get("containers", {}).items():
            _write(self._double / "containers" / name, _lines(container))
        for number, rows in enumerate(given.get("connections", [[]]), start=1):
            text = "fails\n" if rows is None else _proc_net_tcp(rows)
            _write(self._double / "looks" / str(number), text)
        (self._double / "containers").mkdir(parents=True, exist_ok=True)
        _write(self._double / "look", "0\n")
        _write(self._double / "calls", "")
        for path, text in given.get("files", {}).items():
            self.put(path, text)

    # --- what a script can do -------------------------------------------------------------------

    def start(self, name: str) -> None:
        self._guards[name] = _Process(self.argv(name), self.env)

    def argv(self, name: str) -> list[str]:
        root, script = PurePosixPath(self._root), PurePosixPath(self._script)
        argv = commands.guard(root, script, SERVICE, f"token-{name}", name, 0)
        self._root.joinpath("guard").mkdir(parents=True, exist_ok=True)
        return [*argv[:-1], self._deaf_s]

    def say(self, name: str, line: str) -> None:
        self._guards[name].say(line.replace("$PORT", str(self._port)) + "\n")

    def begin_to_say(self, name: str, text: str) -> None:
        self._guards[name].say(text)

    def heard(self, name: str) -> list[str]:
        return self._guards[name].heard()

    def wait(self, name: str, done: Callable[[], bool]) -> bool:
        until = time.monotonic() + LIMIT_S
        while not done() and time.monotonic() < until:
            time.sleep(0.005)
        return done()

    def end_of_input(self, name: str) -> None:
        self._guards[name].hang_up()

    def signal(self, name: str, word: str) -> None:
        self._guards[name].signal(word)

    def exit_of(self, name: str) -> int | None:
        return self._guards[name].status()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def put(self, path: str, text: str) -> None:
        _write(self._root / path, text)

    def remove(self, path: str) -> None:
        (self._root / path).unlink()
        if path.endswith("/full"):
            (self._root / path).parent.rmdir()

    def begin_leftover(self) -> None:
        """A command of an earlier deploy that still holds the work lock."""
        work = self._root / "guard" / SERVICE / "work"
        work.parent.mkdir(parents=True, exist_ok=True)
        argv = ["flock", "--shared", str(work), "sh", "-c", "echo held; exec cat"]
        self._leftover = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._leftover.stdout is not None
        self._leftover.stdout.readline()

    def end_leftover(self) -> None:
        assert self._leftover is not None
        self._leftover.communicate()

    def is_fenced_out(self, token: str) -> bool:
        argv = commands.fenced(PurePosixPath(self._root), SERVICE, token, ["true"], 5)
        return subprocess.run(argv, check=False, stderr=subprocess.DEVNULL).returncode == 75

    # --- what is left ---------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        paths = (path for path in sorted(self._root.rglob("*")) if path.is_file())
        return {str(path.relative_to(self._root)): path.read_text() for path in paths}

    def docker(self) -> list[str]:
        return (self._double / "calls").read_text().splitlines()

    def close(self) -> None:
        for guard in self._guards.values():
            guard.close()
        if self._leftover is not None and self._leftover.poll() is None:
            self._leftover.communicate()
        self._open.close()


class _Process:
    def __init__(self, argv: list[str], env: Mapping[str, str]) -> None:
        self._popen = subprocess.Popen(
            argv, env=env, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._queue: queue.Queue[str] = queue.Queue()
        self._heard: list[str] = []
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self._popen.stdout is not None
        for raw in self._popen.stdout:
            self._queue.put(raw.decode().rstrip("\n"))

    def say(self, text: str) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write(text.encode())
        self._popen.stdin.flush()

    def heard(self) -> list[str]:
        while not self._queue.empty():
            self._heard.append(self._queue.get())
        return self._heard

    def status(self) -> int | None:
        """Once all that it said has been heard."""
        status = self._popen.poll()
        if status is not None:
            self._ear.join(timeout=LIMIT_S)
        return status

    def hang_up(self) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.close()

    def signal(self, word: str) -> None:
        self._popen.send_signal(signal.Signals[f"SIG{word}"])

    def close(self) -> None:
        """With what it has started: it leads a process group of its own."""
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _lines(container: Mapping[str, Any]) -> str:
    fields = {"service": SERVICE, "running": "yes", "address": "", "stop_s": 0, **container}
    return "".join(f"{key}={value}\n" for key, value in fields.items())


def _proc_net_tcp(rows: list[str]) -> str:
    """`172.18.0.2:3000 01` as the kernel writes it: the address backwards, all in hexadecimal."""
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
    return head + "".join(_row(number, row) for number, row in enumerate(rows))


def _row(number: int, row: str) -> str:
    remote, state = row.split()
    address, port = remote.split(":")
    there = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
    return f"{number:4d}: 0A0012AC:9C40 {there}:{int(port):04X} {state} 00000000:00000000 00:0 0\n"
