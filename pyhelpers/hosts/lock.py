"""A flock on a host, held as long as the `with` block and our process live."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyhelpers.errors import LockedError
from pyhelpers.hosts.protocol import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from pyhelpers.hosts.protocol import Channel, Host


@contextmanager
def hold(host: Host, path: PurePosixPath, *, shared: bool, wait_s: float) -> Iterator[None]:
    """Hold `path`'s flock. The holder is a `cat` on the host that ends with our stdin.

    Raises `LockedError` when the lock is not free within `wait_s`.
    """
    mode = "--shared" if shared else "--exclusive"
    command = ["flock", mode, "--wait", str(wait_s), str(path), "sh", "-c", "echo held; exec cat"]
    channel = host.start(command)
    try:
        if not _answered(channel, wait_s + 5):
            raise LockedError(
                error=f"{host.name}: {path} is held by another",
                try_=f"wait for it; `fuser -v {path}` on {host.name} shows who it is",
            )
        yield
    finally:
        channel.close()


def _answered(channel: Channel, deadline_s: float) -> bool:
    try:
        return channel.receive(deadline_s) == "held"
    except ChannelClosed:
        return False
