"""A line that nobody answers on is given up, and whoever waits for it is told why."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

import pytest

from pyhelpers.hosts.ssh import pulse
from pyhelpers.hosts.ssh.channels import Channels
from pyhelpers.hosts.ssh.pulse import Pulse, Requests

if TYPE_CHECKING:
    import paramiko

IN_TIME_S = 10.0


class Transport:
    """Answers global requests, or lets them wait until it is closed."""

    def __init__(self, *, answers: bool) -> None:
        self.closed = threading.Event()
        self.asked = threading.Semaphore(0)
        self._answers = answers

    def is_active(self) -> bool:
        return not self.closed.is_set()

    def global_request(self, kind: str, data: object, *, wait: bool) -> None:
        self.asked.release()
        if not self._answers:
            self.closed.wait()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY_S", 0.02)
    monkeypatch.setattr(pulse, "DEAD_S", 0.5)


def watched(transport: Transport) -> Channels:
    real = cast("paramiko.Transport", transport)
    channels = Channels("a5", real)
    Pulse(real, Requests(real), channels.given_up)
    return channels


def test_a_server_that_says_nothing_is_given_up_and_the_reason_is_told() -> None:
    transport = Transport(answers=False)
    channels = watched(transport)
    assert transport.closed.wait(IN_TIME_S)
    told = channels.cut().error
    assert told == "the connection to a5 was cut (it has said nothing for 0.5 s)"


def test_one_that_answers_is_asked_again_and_again() -> None:
    transport = Transport(answers=True)
    channels = watched(transport)
    for _ in range(3):
        assert transport.asked.acquire(timeout=IN_TIME_S)
    assert not transport.closed.is_set()
    assert channels.cut().error == "the connection to a5 was cut"
    transport.close()
