"""An example as the process that it is in its container, on a free port of the loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[3]
START_S = 10.0
END_S = 10.0


@dataclass
class Running:
    """A process that listens on `port`."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self.process.wait(END_S)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False)

    def post(self, path: str, **more: object) -> httpx.Response:
        return httpx.post(self.url + path, trust_env=False, **more)  # type: ignore[arg-type] # by name


@contextmanager
def running(module: str, **env: str) -> Iterator[Running]:
    """`python -m module` with these settings, from when it listens until the block ends."""
    port = free_port()
    settings = os.environ | env | {"PORT": str(port), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=CHECKOUT,
        env=settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            _wait_for_listening(process)
            yield Running(process, port)
        finally:
            process.kill()


def wait_until_ready(app: Running) -> None:
    """Return with the first ready answer. Fails after START_S."""
    give_up_at = time.monotonic() + START_S
    while app.get("/health/ready").status_code != httpx.codes.OK:
        assert time.monotonic() < give_up_at, "it never got ready"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_listening(process: subprocess.Popen[str]) -> None:
    said = process.stdout.readline() if process.stdout else ""
    assert said.startswith("listening"), f"it did not start: {process.poll()}"
