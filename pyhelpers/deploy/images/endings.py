"""A command on the host that did not end well, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.errors import FailedBeforeSwitch

if TYPE_CHECKING:
    from pyhelpers.deploy.run import Run
    from pyhelpers.hosts.protocol import Finished

NO_SPACE = "no space left on device"


def must(run: Run, finished: Finished, what: str) -> None:
    if not finished.ok:
        raise failed(run, what, finished)


def failed(run: Run, what: str, finished: Finished) -> FailedBeforeSwitch:
    """With the host's name where its disk is full: it is there that something is to be done."""
    said = tail(finished)
    where = f" on {run.host.name}" if NO_SPACE in said.lower() else ""
    return FailedBeforeSwitch(
        error=f"{what} failed{where}: {said}", try_="docker image ls; docker system df"
    )


def tail(finished: Finished) -> str:
    """The last thing that was said; Compose's own warnings (`time="…" level=…`) are not it."""
    err = [line for line in finished.err.splitlines() if not line.startswith('time="')]
    said = [line for line in err or finished.out.splitlines() if line.strip()]
    return said[-1].strip() if said else f"status {finished.status}"
