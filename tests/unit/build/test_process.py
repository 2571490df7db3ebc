"""A command runs to its end, or is ended."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pyhelpers import interrupts
from pyhelpers.build.process import run
from pyhelpers.errors import Interrupted, Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed

if TYPE_CHECKING:
    from pathlib import Path


def test_both_outputs_come_line_by_line() -> None:
    heard: list[str] = []
    ended = run(["sh", "-c", "echo a; echo b >&2; exit 3"], deadline_s=10, on_line=heard.append)
    assert (ended.status, ended.out, heard) == (3, "a\nb\n", ["a", "b"])


def test_after_the_deadline_it_is_ended_with_its_children(tmp_path: Path) -> None:
    began_s = time.monotonic()
    with pytest.raises(DeadlinePassed):
        run(["sh", "-c", f"(sleep 2; touch {tmp_path}/late) & wait"], deadline_s=0.2)
    assert time.monotonic() - began_s < 2
    time.sleep(2.2)
    assert not (tmp_path / "late").exists()


def test_a_signal_ends_it_too(tmp_path: Path) -> None:
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with interrupts.raised(), pytest.raises(Interrupted):
        run(
            ["sh", "-c", f"trap 'touch {tmp_path}/told; exit 1' TERM; sleep 9 & wait"], deadline_s=9
        )
    assert (tmp_path / "told").exists()


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(Unreachable, match="`no-such-program` is not installed"):
        run(["no-such-program"], deadline_s=1)
