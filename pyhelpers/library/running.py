"""One command as a process of its own: its steps go to the log as they come, its result is kept."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyhelpers.errors import Exit
from pyhelpers.library.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pyhelpers.library.request import Command

RETRY_S = 10.0


def typed(command: Command) -> str:
    return shlex.join(("protostar", *command.words))


def run(command: Command, cwd: Path, env: Mapping[str, str]) -> Outcome:
    """Its stderr is the log's; its stdout is the object that `--json` prints."""
    # -P: a folder pyhelpers in `cwd` is another version than the one that runs here.
    argv = [sys.executable, "-P", "-m", f"pyhelpers.{command.words[0]}", *command.words[1:]]
    began_s = time.monotonic()
    child = subprocess.Popen(argv, cwd=cwd, env=dict(env), stdout=subprocess.PIPE)
    with child, _handing_on(child):
        printed, _ = child.communicate()
    return Outcome(
        name=command.name,
        typed=typed(command),
        exit_code=child.returncode if child.returncode >= 0 else Exit.INTERRUPTED,
        seconds=round(time.monotonic() - began_s, 3),
        result=_object(printed),
    )


@contextmanager
def _handing_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """An abort of the build is the command's to settle: it says what stands, and we wait."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {
        number: signal.signal(number, lambda got, _frame: child.send_signal(got))
        for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _object(printed: bytes) -> Any:  # noqa: ANN401 - whatever the command's --json is
    try:
        return json.loads(printed)
    except ValueError:
        return {}


def until_unlocked(
    attempt: Callable[[], Outcome],
    wait_s: float,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Again while somebody else holds the lock: a person's deploy, or another job's sync."""
    until_s = monotonic() + wait_s
    outcome = attempt()
    while outcome.exit_code == Exit.LOCKED and monotonic() + RETRY_S < until_s:
        why = outcome.result.get("error", "locked")
        say(f"{why}; waiting {until_s - monotonic():.0f} s at most")
        sleep(RETRY_S)
        outcome = attempt()
    return outcome
