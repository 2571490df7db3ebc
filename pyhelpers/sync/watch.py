"""Whether what was applied is well: containers run and are healthy, nginx serves these files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.sync import commands
from pyhelpers.sync.run import StepFailed
from pyhelpers.sync.state import answers_of, containers_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.hosts.protocol import Host
    from pyhelpers.sync.model import Container
    from pyhelpers.sync.run import Run

HEALTHY_S, SERVED_S, LOOK_S = 120.0, 15.0, 10.0
EVERY_S, PROBE_EVERY_S = 0.5, 0.05
# In a row, each on a new connection: one may still reach a worker of before the reload.
ANSWERS = 5
LOG_LINES = 20
ENDED = ("exited", "dead")


def until_well(run: Run) -> None:
    """All that shall run runs; the trouble of the last look is what is told."""
    trouble = _within(run, HEALTHY_S, EVERY_S, lambda: _trouble(run))
    if trouble:
        raise _ill(run, trouble)


def _ill(run: Run, trouble: str) -> StepFailed:
    return StepFailed(error=f"{run.host.name}: {trouble}", try_=_log_of(run, trouble))


def _trouble(run: Run) -> str:
    """Empty when all is well. Raises for one that has ended badly: nobody will start it again."""
    found = containers_on(run.host, run.target.project)
    ended = [each for each in _of_the_stack(run, found) if each.state in ENDED and not each.well]
    if ended:
        raise _ill(run, f"{ended[0].name} is {_state(ended[0])}")
    absent = set(run.target.services) - {each.service for each in found}
    if absent:
        return f"{', '.join(sorted(absent))}: there is no container"
    ill = [each for each in _of_the_stack(run, found) if not each.well]
    return "; ".join(f"{each.name} is {_state(each)}" for each in ill)


def _of_the_stack(run: Run, found: Sequence[Container]) -> list[Container]:
    return [each for each in found if each.service in run.target.services]


def _state(container: Container) -> str:
    return container.health or f"{container.state} ({container.status})"


def _log_of(run: Run, trouble: str) -> str:
    return f"docker logs --tail {LOG_LINES} {trouble.split(maxsplit=1)[0]}, on {run.host.name}"


def until_served(run: Run) -> None:
    """Every nginx of the stack names these files, some answers in a row."""
    if not run.target.nginx:
        return
    for each in _of_the_stack(run, containers_on(run.host, run.target.project)):
        if each.nginx_port:
            _until_one_serves(run, each)


def _until_one_serves(run: Run, container: Container) -> None:
    wanted = run.target.nginx
    trouble = _within(run, SERVED_S, PROBE_EVERY_S, lambda: _other_answer(run, container, wanted))
    if trouble:
        raise StepFailed(
            error=f"{container.name} serves {trouble} and not {wanted}",
            try_=f"docker logs --tail {LOG_LINES} {container.name}, on {run.host.name}",
        )
    run.show.note(f"{container.name} serves {wanted}")


def _other_answer(run: Run, container: Container, wanted: str) -> str:
    answers = answers_of(run.host, container.nginx_port, ANSWERS)
    other = next((each for each in answers if each != wanted), wanted)
    return "" if other == wanted else other or "nothing"


def _within(run: Run, deadline_s: float, every_s: float, trouble: Callable[[], str]) -> str:
    until = run.clock.monotonic() + deadline_s
    while told := trouble():
        if run.clock.monotonic() >= until:
            return told
        run.show.note(told)
        run.clock.sleep(every_s)
    return ""


def workers(host: Host, container: str) -> list[str]:
    """The pids of its workers that take requests."""
    done = host.run(commands.processes(container), deadline_s=LOOK_S)
    lines = (line.strip() for line in done.out.splitlines())
    return [
        line.split()[0]
        for line in lines
        if line.endswith("nginx: worker process") and line.split()[0].isdigit()
    ]
