"""Signals to a real process: one exception while it works, silence while it settles."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import IO

import pytest

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

WORKING = """
import sys, time
from pyhelpers import interrupts
from pyhelpers.errors import Interrupted
try:
    with interrupts.raised():
        print("working", flush=True)
        time.sleep(30)
except Interrupted as problem:
    print(problem.error, "|", problem.state, "|", int(problem.exit_code), flush=True)
"""

SETTLING = """
import sys, time
from pyhelpers import interrupts
from pyhelpers.errors import Interrupted
with interrupts.raised():
    try:
        print("working", flush=True)
        time.sleep(30)
    except Interrupted:
        interrupts.pass_over()
        print("settling", flush=True)
        sys.stdin.readline()
        print("settled", flush=True)
"""

# The signal comes at the worst moment: the new thread runs, and Thread.start has not returned.
STARTING = """
import _thread, signal, threading, time
from pyhelpers import interrupts
from pyhelpers.errors import Interrupted
def start_and_be_hit(*arguments):
    started = _thread.start_new_thread(*arguments)
    signal.raise_signal(signal.SIGTERM)
    return started
heard = []
try:
    with interrupts.raised():
        threading._start_new_thread = start_and_be_hit
        threading.Thread(target=heard.append, args=("the thread ran",)).start()
        time.sleep(30)
except Interrupted as problem:
    print(problem.error, heard, flush=True)
"""

# What comes out of a finalizer, or a callback of the garbage collector, is printed and forgotten.
FINALIZING = """
import signal, time
from pyhelpers import interrupts
from pyhelpers.errors import Interrupted
class Hit:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
        print("finalized", flush=True)
try:
    with interrupts.raised():
        hit = Hit()
        del hit
        time.sleep(30)
except Interrupted as problem:
    print(problem.error, flush=True)
"""

COLLECTING = """
import gc, signal, time
from pyhelpers import interrupts
from pyhelpers.errors import Interrupted
def hit(phase, info):
    if phase == "start":
        signal.raise_signal(signal.SIGTERM)
        print("collected", flush=True)
try:
    with interrupts.raised():
        gc.callbacks.append(hit)
        gc.collect()
        gc.callbacks.remove(hit)
        time.sleep(30)
except Interrupted as problem:
    print(problem.error, flush=True)
"""

FORGETTING = """
import signal, time, weakref
from pyhelpers import interrupts
from pyhelpers.errors import Interrupted
class Hit(dict):
    def __delitem__(self, key):
        signal.raise_signal(signal.SIGTERM)
        super().__delitem__(key)
        print("forgotten", flush=True)
class Key:
    pass
weak = weakref.WeakKeyDictionary()
weak.data = Hit()
try:
    with interrupts.raised():
        key = Key()
        weak[key] = 1
        del key
        time.sleep(30)
except Interrupted as problem:
    print(problem.error, flush=True)
"""

# All is done, and the block around it has not ended yet.
ENDED = """
import signal
from pyhelpers import interrupts
before = [signal.getsignal(number) for number in interrupts.SIGNALS]
with interrupts.raised():
    interrupts.pass_over()
    for number in interrupts.SIGNALS:
        signal.raise_signal(number)
    print("told", flush=True)
print([signal.getsignal(number) for number in interrupts.SIGNALS] == before)
"""

AFTERWARDS = """
import signal
from pyhelpers import interrupts
before = [signal.getsignal(number) for number in interrupts.SIGNALS]
for last in (lambda: None, interrupts.pass_over):
    try:
        with interrupts.raised():
            last()
            raise KeyError
    except KeyError:
        pass
print([signal.getsignal(number) for number in interrupts.SIGNALS] == before)
"""


def started(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().rstrip("\n")


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.name)
def test_a_signal_while_it_works_raises_once_and_says_what_stands(number: signal.Signals) -> None:
    with started(WORKING) as process:
        assert said(process.stdout) == "working"
        process.send_signal(number)
        assert said(process.stdout) == f"interrupted by {number.name} | nothing was changed | 130"
        assert process.wait(10) == 0


def test_signals_while_it_settles_are_passed_over() -> None:
    with started(SETTLING) as process:
        assert said(process.stdout) == "working"
        process.send_signal(signal.SIGINT)
        assert said(process.stdout) == "settling"
        for number in NUMBERS:
            process.send_signal(number)
        out, _ = process.communicate("go on\n", timeout=10)
    assert out == "settled\n"
    assert process.returncode == 0


def test_signals_after_the_end_do_not_deny_what_was_done() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDED], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "told\nTrue\n"


def test_a_signal_in_the_start_of_a_thread_waits_until_the_thread_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTING], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "interrupted by SIGTERM ['the thread ran']\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("program", "moment"),
    [(FINALIZING, "finalized"), (COLLECTING, "collected"), (FORGETTING, "forgotten")],
)
def test_a_signal_where_an_exception_would_be_lost_comes_again(program: str, moment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == f"{moment}\ninterrupted by SIGTERM\n"
    assert done.stderr == ""


def test_afterwards_every_signal_is_handled_as_before() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AFTERWARDS], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "True\n"
