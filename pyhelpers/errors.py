"""What can go wrong, said in three lines, and the exit code that goes with it."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

NOTHING_CHANGED = "nothing was changed"


class Exit(IntEnum):
    """What the command line returns: a contract with scripts and pipelines."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    PREFLIGHT = 4
    LOCKED = 5
    FAILED_BEFORE_SWITCH = 6
    FAILED_AFTER_SWITCH = 7
    INTERRUPTED = 130


class ProtostarError(Exception):
    """A failure that a person can act on: what went wrong, what stands now, what to type next."""

    default_exit: ClassVar[Exit] = Exit.UNEXPECTED
    default_state: ClassVar[str] = ""

    def __init__(
        self, *, error: str, state: str | None = None, try_: str = "", exit_code: Exit | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.state = self.default_state if state is None else state
        self.try_ = try_
        self.exit_code = self.default_exit if exit_code is None else exit_code

    def __str__(self) -> str:
        fields = (("Error", self.error), ("State", self.state), ("Try", self.try_))
        return "\n".join(_line(label, text) for label, text in fields if text)

    def as_dict(self) -> dict[str, str | int]:
        """The same as one object for `--json`; `exit_code` is a plain number."""
        return {
            "error": self.error,
            "state": self.state,
            "try": self.try_,
            "exit_code": int(self.exit_code),
        }


def _line(label: str, text: str) -> str:
    # What follows a line break stands under what it belongs to, so that three lines stay three.
    lead = f"{label}: "
    return lead + text.replace("\n", "\n" + " " * len(lead))


class _Fixed(ProtostarError):
    """A failure whose exit code follows from what it is."""

    def __init__(self, *, error: str, state: str | None = None, try_: str = "") -> None:
        super().__init__(error=error, state=state, try_=try_)


class WrongUsage(_Fixed):
    default_exit, default_state = Exit.USAGE, NOTHING_CHANGED


class ConfigurationError(_Fixed):
    default_exit, default_state = Exit.CONFIGURATION, NOTHING_CHANGED


class PreflightError(_Fixed):
    default_exit, default_state = Exit.PREFLIGHT, NOTHING_CHANGED


class Unreachable(_Fixed):
    # True for what is read before anything is done; in the middle of a deploy it is overridden.
    default_exit, default_state = Exit.PREFLIGHT, NOTHING_CHANGED


class LockedError(_Fixed):
    default_exit, default_state = Exit.LOCKED, f"{NOTHING_CHANGED} by this command"


class FailedBeforeSwitch(_Fixed):
    default_exit = Exit.FAILED_BEFORE_SWITCH


class FailedAfterSwitch(_Fixed):
    default_exit = Exit.FAILED_AFTER_SWITCH


class Interrupted(_Fixed):
    default_exit = Exit.INTERRUPTED
