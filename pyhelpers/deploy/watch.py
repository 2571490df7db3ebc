"""The steps that look: wait until the idle colour is ready, verify the switch, bake."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pyhelpers.deploy import commands, verdict
from pyhelpers.deploy.bake import watch_for
from pyhelpers.deploy.facts import names_on, read_containers
from pyhelpers.deploy.model import StepName
from pyhelpers.deploy.polling import NotInTime, poll
from pyhelpers.deploy.start import last_log_lines
from pyhelpers.deploy.verdict import Tally
from pyhelpers.errors import FailedAfterSwitch, FailedBeforeSwitch

if TYPE_CHECKING:
    from pyhelpers.deploy.bake import JobWatch, TrafficWatch
    from pyhelpers.deploy.model import Answer, Container, Plan
    from pyhelpers.deploy.run import Run

FAST_S = 0.05
# nginx asks for names every two seconds (nginx/mixins/resolver.conf); the rest is for the answer.
FORGOTTEN_S = 2.3
BAKE_EVERY_S = 0.25
VERIFY_S = 10.0
EACH_ANSWER_S = 1.0
# Readiness may miss a beat under load; three in a row are no accident.
UNREADY_IN_A_ROW = 3


def wait_ready(run: Run) -> None:
    """Every replica has answered through the gateway, from an address that the engine reports."""
    ready_s = run.plan.target.service.ready.timeout_s
    if not run.plan.target.service.keep_warm:
        # Also when an earlier attempt has left it running: if it is refused, it must not stay.
        run.guard.mine(run.plan.idle)
    heard: set[str] = set()
    last: list[str] = ["nothing"]
    silent_until = run.clock.monotonic() + _silence_s(run)

    def look() -> bool:
        run.guard.check()
        containers = _idle_containers(run)
        _fail_if_exited(run, containers)
        if run.clock.monotonic() < silent_until:
            return False
        answer = run.gateway.probe(run.plan.idle)
        last[0] = _words(answer)
        if _is_ready(run.plan, answer):
            heard.add(answer.address)
        wanted = {c.address for c in containers if c.running}
        return len(wanted) == run.plan.target.service.replicas and wanted <= heard

    try:
        poll(look, bool, every_s=FAST_S, deadline_s=ready_s, clock=run.clock)
    except NotInTime:
        raise _not_ready(run, last[0]) from None


def _silence_s(run: Run) -> float:
    """How long the gateway may still know an address that the idle colour once had.

    Whoever has that address by now would get a probe that is not meant for them.
    """
    if not run.plan.has(StepName.START):
        return 0.0
    target = run.plan.target
    ours = read_containers(run.host, target.name, target.gateway.network)
    known = {target.gateway.container, *(c.name for c in ours)}
    return FORGOTTEN_S if names_on(run.host, target.gateway.network) - known else 0.0


def _idle_containers(run: Run) -> list[Container]:
    target = run.plan.target
    found = read_containers(run.host, target.name, target.gateway.network)
    # One that was adopted and has been stopped since is nobody's any more.
    return [c for c in found if c.colour is run.plan.idle and (c.running or not c.adopted)]


def _is_ready(plan: Plan, answer: Answer) -> bool:
    """The right release says that it is well; a worker must not take jobs before the switch."""
    return answer.ok and _is_release(plan, answer) and not _consumes(plan, answer)


def _watches_marker(plan: Plan) -> bool:
    return plan.target.service.kind == "worker" and plan.target.service.marker


def _consumes(plan: Plan, answer: Answer) -> bool:
    return _watches_marker(plan) and bool(answer.body.get("consuming", False))


def _is_release(plan: Plan, answer: Answer) -> bool:
    named = plan.target.service.ready.release_header is not None
    return not named or answer.release == plan.target.release.id


def _fail_if_exited(run: Run, containers: list[Container]) -> None:
    for container in containers:
        if not container.running or run.has_restarted(container):
            raise FailedBeforeSwitch(
                error=f"{container.name} exited with {container.exit_code}; its last lines:\n"
                f"{last_log_lines(run, container.id)}",
                try_=f"docker logs {container.name}",
            )


def _not_ready(run: Run, last: str) -> FailedBeforeSwitch:
    service, idle = run.plan.target.service, run.plan.idle
    names = [c.name for c in _idle_containers(run)]
    logs = f"; its last lines:\n{last_log_lines(run, names[0])}" if names else ""
    return FailedBeforeSwitch(
        error=f"{commands.project(run.plan.target.name, idle)} was not ready within "
        f"{service.ready.timeout_s:g} s: {service.ready.path} on port {service.port} "
        f"gave {last}{logs}",
        try_=f"docker logs {names[0]}" if names else "docker ps -a",
    )


def _words(answer: Answer) -> str:
    if answer.problem:
        return f"no answer from the gateway ({answer.problem})"
    if not answer.app and not answer.address:
        return f"{answer.status} from the gateway, which knows no address of it yet"
    if not answer.app:
        return f"{answer.status} from the gateway: nobody listens at {answer.address}, or it hangs"
    said = f" saying release {answer.release or '(none)'}"
    return f"{answer.status} from {answer.address}{said}"


def verify(run: Run) -> None:
    """N answers in a row from the new release, on kept-alive and on new connections by turns."""
    wanted = run.plan.target.service.verify.answers
    until = run.clock.monotonic() + VERIFY_S + wanted * EACH_ANSWER_S
    in_a_row = 0
    while in_a_row < wanted:
        run.guard.check()
        answer = run.gateway.live(new_connection=bool(in_a_row % 2))
        in_a_row = in_a_row + 1 if _is_new(run.plan, answer) else 0
        if run.clock.monotonic() > until:
            raise FailedAfterSwitch(
                error=f"the gateway does not answer from {run.plan.idle}: {_words(answer)}",
                try_=f"protostar deploy status {run.plan.target.name}",
            )
        if in_a_row == 0:
            run.clock.sleep(FAST_S)


def _is_new(plan: Plan, answer: Answer) -> bool:
    return (
        answer.ok
        and answer.colour == plan.idle
        and _is_release(plan, answer)
        and (_consumes(plan, answer) or not _watches_marker(plan))
    )


def bake(run: Run) -> None:
    """Until `for_s` has passed, or the new colour is worse than it may be."""
    plan = run.plan
    watch = watch_for(run.host, run.gateway, plan.target, plan.idle, run.switched_at)
    try:
        _bake(run, watch)
    finally:
        watch.close()
    run.verdict = verdict.said(watch.count(plan.idle), plan.target.service.bake, watch.trouble)
    run.show.note(run.verdict)


def _bake(run: Run, watch: TrafficWatch | JobWatch) -> None:
    until = run.clock.monotonic() + run.plan.target.service.bake.for_s
    unready: Counter[str] = Counter()  # by address: each replica is asked by turns
    while True:
        run.guard.check()
        # Read before judging: what came in the last moment is judged too.
        over = run.clock.monotonic() >= until
        _fail_if_worse(run, watch)
        _fail_if_restarted(run)
        if over:
            return
        answer = run.gateway.probe(run.plan.idle)
        unready[answer.address] += 1
        if answer.ok:  # and so is the gateway, whose own answers have no address
            unready[answer.address] = unready[""] = 0
        if unready[answer.address] >= UNREADY_IN_A_ROW:
            who = f" at {answer.address}" if answer.address else ""
            raise _bad(run, f"not ready any more{who}, {UNREADY_IN_A_ROW} times in a row")
        run.clock.sleep(BAKE_EVERY_S)


def _fail_if_worse(run: Run, watch: TrafficWatch | JobWatch) -> None:
    limits = run.plan.target.service.bake
    new = watch.count(run.plan.idle)
    if not verdict.beyond(new, limits):
        return
    # A colour that did not answer is no measure for another one.
    old = watch.before(run.plan.live) if run.plan.fallback else Tally()
    if verdict.worse(new, old, limits):
        raise _bad(
            run,
            f"{new.failed} of {new.total} failed, {new.percent:.1f} %, "
            f"allowed are {limits.max_5xx_percent:g} %",
        )


def _fail_if_restarted(run: Run) -> None:
    for container in _idle_containers(run):
        if run.has_restarted(container) or not container.running:
            raise _bad(
                run,
                f"{container.name} exited or restarted; its last lines:\n"
                f"{last_log_lines(run, container.id)}",
            )


def _bad(run: Run, what: str) -> FailedAfterSwitch:
    run.verdict = f"bad: {what.splitlines()[0]}"
    return FailedAfterSwitch(
        error=f"{run.plan.target.release.label} is worse than it may be: {what}",
        try_=f"protostar deploy history {run.plan.target.name}",
    )
