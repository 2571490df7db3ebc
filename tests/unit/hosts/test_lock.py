"""A flock on a host: one holder, and it dies with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path, PurePosixPath

import pytest

from pyhelpers.errors import Exit, LockedError
from pyhelpers.hosts.local import LocalHost
from pyhelpers.hosts.lock import Held, LockLost, hold

SOON_S = 0.05


@pytest.fixture
def host(tmp_path: Path) -> LocalHost:
    return LocalHost("here", PurePosixPath(tmp_path))


@pytest.fixture
def lock(tmp_path: Path) -> PurePosixPath:
    return PurePosixPath(tmp_path / "lock")


def free(lock: PurePosixPath) -> bool:
    argv = ["flock", "--exclusive", "--nonblock", str(lock), "true"]
    return subprocess.run(argv, check=False).returncode == 0


def free_soon(lock: PurePosixPath) -> bool:
    until = time.monotonic() + 5
    while not free(lock) and time.monotonic() < until:
        time.sleep(0.01)
    return free(lock)


def test_a_second_holder_is_refused(host: LocalHost, lock: PurePosixPath) -> None:
    with hold(host, lock, shared=False, wait_s=1):
        assert not free(lock)
        with (
            pytest.raises(LockedError) as refused,
            hold(host, lock, shared=False, wait_s=SOON_S),
        ):
            pytest.fail("held twice")
    assert refused.value.error == f"here: {lock} is held by another"
    assert refused.value.exit_code is Exit.LOCKED


def test_it_is_free_afterwards(host: LocalHost, lock: PurePosixPath) -> None:
    with hold(host, lock, shared=False, wait_s=1):
        pass
    assert free_soon(lock)


def test_it_is_free_after_a_failure_too(host: LocalHost, lock: PurePosixPath) -> None:
    with pytest.raises(KeyError), hold(host, lock, shared=False, wait_s=1):
        raise KeyError
    assert free_soon(lock)


@pytest.mark.parametrize(("second", "refused"), [(True, False), (False, True)])
def test_shared_holders_go_together_but_not_with_one_that_is_alone(
    host: LocalHost, lock: PurePosixPath, *, second: bool, refused: bool
) -> None:
    with hold(host, lock, shared=True, wait_s=1):
        try:
            with hold(host, lock, shared=second, wait_s=SOON_S):
                got_it = True
        except LockedError:
            got_it = False
    assert got_it is not refused


def test_one_who_waits_gets_it_when_it_is_free(host: LocalHost, lock: PurePosixPath) -> None:
    holder = subprocess.Popen(["flock", str(lock), "sleep", "0.3"])
    while free(lock):
        time.sleep(0.01)
    with hold(host, lock, shared=False, wait_s=5):
        assert holder.wait() == 0


def test_it_is_held_for_longer_than_a_holder_may_be_silent(
    host: LocalHost, lock: PurePosixPath
) -> None:
    with hold(host, lock, shared=False, wait_s=1, deaf_s=0.2):
        time.sleep(0.6)
        assert not free(lock)


def test_a_holder_that_falls_silent_loses_it(
    host: LocalHost, lock: PurePosixPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the line is cut, and nobody told the host."""
    monkeypatch.setattr("pyhelpers.hosts.lock._beat", lambda *_: None)
    with hold(host, lock, shared=False, wait_s=1, deaf_s=0.2) as held:
        held.check()
        assert free_soon(lock)
        with pytest.raises(LockLost) as lost:
            await_loss(held)
    assert lost.value.error == f"here: the lock {lock} was lost: its holder is gone"


def await_loss(held: Held) -> None:
    """What ends on the host is heard of a moment later."""
    for _ in range(500):
        held.check()
        time.sleep(0.01)


def test_a_holder_that_was_killed_is_missed(host: LocalHost, lock: PurePosixPath) -> None:
    with hold(host, lock, shared=False, wait_s=1) as held:
        held.check()
        subprocess.run(["fuser", "--kill", "--silent", str(lock)], check=True)
        with pytest.raises(LockLost):
            await_loss(held)


HOLDER = """
import sys, time
from pathlib import PurePosixPath
from pyhelpers.hosts.local import LocalHost
from pyhelpers.hosts.lock import hold
here, lock = LocalHost("here", PurePosixPath("/tmp")), PurePosixPath(sys.argv[1])
with hold(here, lock, shared=False, wait_s=1):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda n: n.name)
def test_it_dies_with_its_holder(lock: PurePosixPath, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert not free(lock)
        process.send_signal(number)
        process.wait(5)
    assert free_soon(lock)
