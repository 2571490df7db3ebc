"""The steps as a shell script that a person can read before running it as root. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.deploy.prepare.model import Command, PrepareStep

END = "PROTOSTAR_END"


def as_script(host: str, steps: Sequence[PrepareStep], unread: str = "") -> str:
    """`unread`: why the server could not be looked at; then the script is for a new one."""
    if all(step.done for step in steps):
        return f"# {host}: nothing to do"
    looked = f"# Not looked at ({unread}): this is for a new server." if unread else ""
    guard = "test ! -e /etc/docker/daemon.json  # else merge by hand, or prepare --apply\n"
    head = [
        "#!/bin/sh",
        f"# Prepares {host}. Run it there as root, or: protostar deploy prepare {host} --apply",
        *filter(None, [looked]),
        "set -eu",
        *filter(None, [guard if unread else ""]),
    ]
    return "\n".join([*head, *(_step(step) for step in steps)])


def _step(step: PrepareStep) -> str:
    why = "\n".join(f"# {line}" for line in step.why.splitlines())
    if step.done:
        return f"\n# --- {step.name}: nothing to do\n{why}"
    lines = [f"\n# --- {step.name}", why, *map(_command, step.commands)]
    return "\n".join([*lines, f"# Note: {step.note}"] if step.note else lines)


def _command(command: Command) -> str:
    typed = shlex.join(command.argv)
    return f"{typed} <<'{END}'\n{command.stdin}{END}" if command.stdin else typed
