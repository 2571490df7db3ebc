"""A deploy to one host in a process of its own: its lines as they come, its object at the end."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
from typing import IO, TYPE_CHECKING

from pyhelpers.deploy.fleet import NOT_TRIED, Outcome, outcome_of
from pyhelpers.errors import FailedAfterSwitch, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyhelpers.errors import ProtostarError


class Children:
    """Starts them, and ends all at once. `say` hears each line with the name of its host."""

    def __init__(
        self,
        argv_of: Callable[[str], list[str]],
        env: Mapping[str, str],
        say: Callable[[str, str], None],
    ) -> None:
        self._argv_of, self._env, self._say = argv_of, dict(env), say
        self._lock = threading.Lock()
        self._ended = False
        self._processes: list[subprocess.Popen[str]] = []

    def deploy(self, host: str) -> Outcome:
        """To its end. A file takes stdout: a pipe that nobody empties could fill."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
            process = self._start(host, out)
            if process is None:
                return Outcome(NOT_TRIED)
            with process:
                for line in process.stderr or ():
                    self._say(host, line.rstrip("\n"))
            out.seek(0)
            return _outcome(out.read(), host, process.returncode)

    def _start(self, host: str, out: IO[str]) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(
                self._argv_of(host),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=self._env,
                # A Ctrl-C of the terminal is ours to pass on, once.
                start_new_session=True,
            )
            self._processes.append(process)
            return process

    def interrupt(self) -> None:
        """All of them, and none is started any more."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            self._ended = True
            for process in self._processes:
                process.send_signal(number)  # passes over one that has ended


def _outcome(text: str, host: str, status: int) -> Outcome:
    try:
        return outcome_of(json.loads(text))
    except (ValueError, KeyError, TypeError):
        return outcome_of(_lost(host, status).as_dict())


def _lost(host: str, status: int) -> ProtostarError:
    """Nobody knows how far it came; the guard settles it, and the summary shows what serves."""
    # A deploy that has begun tells how it was interrupted; this one had not.
    kind = Interrupted if status == -signal.SIGTERM else FailedAfterSwitch
    return kind(
        error=f"the deploy to {host} ended with status {status} and told nothing",
        state="what is not committed is flipped back by the host itself",
        try_="protostar deploy status",
    )
