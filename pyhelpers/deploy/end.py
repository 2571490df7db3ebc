"""Ending somebody else's deploy: `rollback --now` and `unlock`."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING

from pyhelpers.deploy.facts import read_history, read_holder
from pyhelpers.deploy.polling import NotInTime, poll
from pyhelpers.errors import Exit, ProtostarError

if TYPE_CHECKING:
    from pyhelpers.clock import Clock
    from pyhelpers.deploy.model import Holder
    from pyhelpers.hosts.protocol import Host

# Only a process that is a guard of this service: a pid may have been given to another since.
SIGNAL = (
    'tr "\\0" " " <"/proc/$2/cmdline" | grep -q "guard-[0-9a-f]*/guard.sh .* $3 " '
    '&& kill -"$1" "$2"'
)
NOW = ("date", "+%s")
SETTLED_S = 10.0
FREE_S = 90.0
# From a failed deploy's last line on the screen to `rollback --now`, typed in a hurry.
A_MOMENT_S = 60.0


def end_deploy(host: Host, service: str, holder: Holder, who: str) -> str:
    """Have the guard flip back and end; what it was in when it heard of it.

    open: undone. abandoned: it had failed and was undone already. committed: it stays.
    gone: it ended before it heard of us.

    Raises `ProtostarError` when the guard does not react.
    """
    room = host.root / "guard" / service
    host.run(["rm", "-f", "--", str(room / "ended_as")], deadline_s=5)
    host.put(room / "ended_by", f"{who}\n".encode())
    _signal(host, service, holder, "USR1")

    def phase() -> str:
        told = (host.read(room / "ended_as") or b"").decode().strip()
        return told or ("" if read_holder(host, service) else "gone")

    try:
        return poll(phase, bool, every_s=0.02, deadline_s=SETTLED_S)
    except NotInTime:
        raise ProtostarError(
            error=f"the guard of {service} (pid {holder.pid}) does not react",
            state="what serves was not touched by this command",
            try_=f"protostar deploy unlock {service}",
            exit_code=Exit.LOCKED,
        ) from None


def was_just_undone(host: Host, service: str, holder: Holder | None) -> bool:
    """Whether the last deploy has failed by itself, and so lately that `--now` was meant for it.

    `holder`: who held the service when we looked, and was gone before it heard of us.
    """
    records = read_history(host, service)
    last = records[-1] if records else None
    if holder is not None:
        # Both by the host's clock. Without a line of its own it was killed: nothing was committed.
        return last is None or last.at < holder.since or not last.good
    return last is not None and not last.good and _age_s(host, last.at) < A_MOMENT_S


def _age_s(host: Host, at: str) -> float:
    """By the host's own clock, which has written `at` too."""
    now = float(host.run(NOW, deadline_s=5).out)
    return now - datetime.datetime.fromisoformat(at).timestamp()


def wait_until_free(host: Host, service: str, clock: Clock = time, longer_s: float = 0.0) -> None:
    """The guard still drains and stops, for as long as `longer_s` says it may."""
    if not free_within(host, service, FREE_S + longer_s, clock):
        raise ProtostarError(
            error=f"{service} is still locked after {FREE_S + longer_s:g} s",
            try_=f"protostar deploy status {service}",
            exit_code=Exit.LOCKED,
        )


def free_within(host: Host, service: str, deadline_s: float, clock: Clock) -> bool:
    """Whether nobody holds the service any more; looked at once when `deadline_s` is 0."""
    try:
        poll(
            lambda: read_holder(host, service),
            lambda holder: holder is None,
            every_s=0.1,
            deadline_s=deadline_s,
            clock=clock,
        )
    except NotInTime:
        return False
    return True


def kill_guard(host: Host, service: str, holder: Holder, longer_s: float) -> None:
    """The last resort: what it leaves is settled by the next guard."""
    _signal(host, service, holder, "KILL")
    wait_until_free(host, service, longer_s=longer_s)


def _signal(host: Host, service: str, holder: Holder, name: str) -> None:
    host.run(signalling(service, holder.pid, name), deadline_s=5)


def signalling(service: str, pid: int, name: str) -> list[str]:
    return ["sh", "-c", SIGNAL, "signal", name, str(pid), service]
