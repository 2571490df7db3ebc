"""A flock on a host, held as long as the `with` block and our process live."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyhelpers.errors import LockedError
from pyhelpers.hosts.protocol import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from pyhelpers.hosts.protocol import Channel, Host

# As the guard: a line that says nothing for so long is dead, whatever TCP believes.
DEAF_S = 5
HOLDER = 'echo held; while read -r -t "$1"; do :; done'


class LockLost(LockedError):
    """Whoever may come in now: stop before the next step."""


class Held:
    """A lock in hand, until its line says otherwise."""

    def __init__(self, host: Host, path: PurePosixPath, channel: Channel) -> None:
        self._host, self._path, self._channel = host, path, channel

    def check(self) -> None:
        """Raises `LockLost` when the holder on the host is gone."""
        try:
            self._channel.receive(0.0)
        except ChannelClosed:
            raise LockLost(
                error=f"{self._host.name}: the lock {self._path} was lost: its holder is gone",
                state="what was begun stopped before its next step",
                try_="the same command again",
            ) from None


@contextmanager
def hold(
    host: Host, path: PurePosixPath, *, shared: bool, wait_s: float, deaf_s: float = DEAF_S
) -> Iterator[Held]:
    """Hold `path`'s flock. The holder on the host ends with our stdin, or when it hears nothing.

    Raises `LockedError` when the lock is not free within `wait_s`.
    """
    mode = "--shared" if shared else "--exclusive"
    holder = ["bash", "-c", HOLDER, "holder", f"{deaf_s:g}"]
    channel = host.start(["flock", mode, "--wait", str(wait_s), str(path), *holder])
    over = threading.Event()
    try:
        if not _answered(channel, wait_s + 5):
            raise LockedError(
                error=f"{host.name}: {path} is held by another",
                try_=f"wait for it; `fuser -v {path}` on {host.name} shows who it is",
            )
        threading.Thread(target=_beat, args=(channel, over, deaf_s / 5), daemon=True).start()
        yield Held(host, path, channel)
    finally:
        over.set()
        channel.close()


def _answered(channel: Channel, deadline_s: float) -> bool:
    try:
        return channel.receive(deadline_s) == "held"
    except ChannelClosed:
        return False


def _beat(channel: Channel, over: threading.Event, every_s: float) -> None:
    try:
        while not over.wait(every_s):
            channel.send("beat")
    except ChannelClosed:
        pass  # `Held.check` says so, before whatever is done next
