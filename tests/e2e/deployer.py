"""A command of the deployer that goes on in the background: heard, signalled, waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING, Self

from bench.engine import CHECKOUT
from bench.installation import Finished

if TYPE_CHECKING:
    from bench.installation import Installation
    from bench.servers import Servers

END_S = 90.0


class Deployer:
    """`with Deployer(installation, "run", "api", "v2") as deployer: deployer.reached("bake")`.

    It never outlives the block: what still runs at its end is killed.
    """

    def __init__(
        self,
        installation: Installation | Servers,
        *arguments: str,
        env: dict[str, str] | None = None,
    ) -> None:
        self.lines: list[str] = []
        self._errors: list[str] = []
        self._news = threading.Condition()
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            installation.argv(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env={**os.environ, **(env or {})},
        )
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self.lines)),
            threading.Thread(target=self._read, args=(self._process.stderr, self._errors)),
        ]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.signal(signal.SIGKILL)
        self.finish()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    lines.append(line.rstrip("\n"))
                    self._news.notify_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    def reached(self, step: str, within_s: float = 30.0) -> None:
        """Return as soon as the deployer says that `step` begins."""
        self.said(f"→ {step}", within_s)

    def said(self, beginning: str, within_s: float = 30.0) -> None:
        def heard() -> bool:
            return any(line.startswith(beginning) for line in self.lines)

        with self._news:
            in_time = self._news.wait_for(heard, within_s)
        assert in_time, f"`{beginning}` was not said; {self.lines + self._errors}"

    def signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def ends(self, within_s: float = END_S) -> bool:
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def finish(self, within_s: float = END_S) -> Finished:
        """Wait for its end. Fails when it does not end in time."""
        assert self.ends(within_s), f"still at work after {within_s:g} s: {self.lines}"
        seconds = time.monotonic() - self._started
        for reader in self._readers:
            reader.join(5)
        out, err = "\n".join(self.lines), "\n".join(self._errors)
        return Finished(self._process.returncode, out, err, seconds)
