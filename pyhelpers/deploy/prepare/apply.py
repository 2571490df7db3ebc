"""Runs the steps on the server, and looks afterwards whether they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.prepare.reading import read_server, root_prefix
from pyhelpers.deploy.prepare.steps import steps
from pyhelpers.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.deploy.prepare.model import PrepareStep, Wanted
    from pyhelpers.hosts.protocol import Host

# Packages may come over a slow line.
COMMAND_S = 900.0


def missing_steps(host: Host, wanted: Wanted) -> list[PrepareStep]:
    return steps(read_server(host, wanted, root_prefix(host)), wanted)


def apply(host: Host, wanted: Wanted, show: Callable[[str, PrepareStep], None]) -> bool:
    """False: there was nothing to do. `show` hears `done` or `unchanged` of each step.

    Raises `PreflightError` at the first step that fails, or that does not hold afterwards.
    """
    prefix = root_prefix(host)
    found = missing_steps(host, wanted)
    for step in found:
        _do(host, step, prefix, found)
        show("unchanged" if step.done else "done", step)
    if all(step.done for step in found):
        return False
    _must_hold(host, wanted)
    return True


def _do(host: Host, step: PrepareStep, prefix: Sequence[str], found: Sequence[PrepareStep]) -> None:
    for one in step.commands:
        argv = [*prefix, *one.argv]
        done = host.run(argv, deadline_s=COMMAND_S, stdin=one.stdin.encode())
        if not done.ok:
            what = f"{host.name}: {step.name}: `{' '.join(one.argv[:3])} …`"
            last = (done.err or done.out).strip().splitlines()[-5:]
            raise PreflightError(
                error="\n".join([f"{what} ended with {done.status}", *last]),
                state=_state(step, found),
                try_=f"protostar deploy prepare {host.name}   # prints all, to see what is left",
            )


def _state(failed: PrepareStep, found: Sequence[PrepareStep]) -> str:
    before = found[: list(found).index(failed)]
    did = ", ".join(step.name for step in before if not step.done) or "nothing"
    return f"done: {did}; the rest was not touched; running it again goes on from here"


def _must_hold(host: Host, wanted: Wanted) -> None:
    left = [step.name for step in missing_steps(host, wanted) if not step.done]
    if left:
        raise PreflightError(
            error=f"{host.name}: {', '.join(left)}: all commands ended well, "
            "and it is not as it should be",
            state="all steps were run",
            try_=f"protostar deploy prepare {host.name}   # prints what is still missing",
        )
