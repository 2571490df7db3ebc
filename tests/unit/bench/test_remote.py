"""What is read off a server's sshd, and off a load that met a cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from bench.cuts import longest_outage_s, together
from bench.remote import accepted, most_sessions

from .events import error, event

if TYPE_CHECKING:
    from bench.server import Server

LOG = """\
Accepted publickey for deploy from 172.18.0.1 port 41 ssh2: ED25519 SHA256:x
Starting session: command for deploy from 172.18.0.1 port 41 id 0
Starting session: subsystem 'sftp' for deploy from 172.18.0.1 port 41 id 1
Close session: user deploy from 172.18.0.1 port 41 id 0
Starting session: command for deploy from 172.18.0.1 port 41 id 0
Close session: user deploy from 172.18.0.1 port 41 id 0
Disconnected from user deploy 172.18.0.1 port 41
Starting session: command for deploy from 172.18.0.1 port 42 id 0
Starting session: command for deploy from 172.18.0.1 port 42 id 1
"""


class ServerWithALog:
    def run(self, *argv: str) -> str:
        return LOG


def test_sessions_are_counted_while_they_are_open_on_one_connection() -> None:
    assert most_sessions(cast("Server", ServerWithALog())) == 2
    assert accepted(cast("Server", ServerWithALog())) == 1


@pytest.mark.parametrize(
    ("failed_at_s", "longest_s"),
    [([], 0.0), ([1.0], 0.005), ([1.0, 1.3, 1.7, 5.0, 5.1], 0.705), ([1.0, 2.0], 0.005)],
)
def test_failures_close_to_each_other_are_one_outage(
    failed_at_s: list[float], longest_s: float
) -> None:
    events = [event(0.5), *(error(at_s, "blue", "r1") for at_s in failed_at_s), event(9.0)]
    assert longest_outage_s(events) == pytest.approx(longest_s)


def test_a_request_that_hangs_is_an_outage_as_long_as_it_hangs() -> None:
    hanging = event(2.0, finished_s=7.0, status=None, failure="timeout")
    assert longest_outage_s([event(1.0), hanging]) == pytest.approx(5.0)


def test_a_migration_that_begins_before_another_has_ended_is_beside_it() -> None:
    assert together(["begin", "end", "begin", "end"]) == 0
    assert together(["begin", "begin", "end", "end"]) == 1
