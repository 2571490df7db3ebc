"""Compose's version on a host, asked for before it is needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pyhelpers.deploy import commands

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pyhelpers.hosts.protocol import Host

DEADLINE_S = 20.0


class ComposeVersion:
    """Compose takes 0.1 s to tell it, and importing docker-py as long: `ask` lets both go together.

    Told once, it holds for the whole command.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._asked: Future[str] | None = None

    def ask(self) -> Future[str]:
        """Begin. What was asked and could not be told is asked anew."""
        if self._asked is None or (self._asked.done() and self._asked.exception()):
            pool = ThreadPoolExecutor(1)
            self._asked = pool.submit(self._read)
            pool.shutdown(wait=False)
        return self._asked

    def told(self) -> str:
        """Empty when there is no Compose. Raises what running a command on the host raises."""
        return self.ask().result()

    def _read(self) -> str:
        return self._host.run(commands.compose_version(), deadline_s=DEADLINE_S).out.strip()
