"""From a command to its end: check, lock, check again, execute, settle."""

from __future__ import annotations

import dataclasses
import datetime
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyhelpers import interrupts
from pyhelpers.deploy import history, preflight, report
from pyhelpers.deploy.execute import execute
from pyhelpers.deploy.guard import Guard
from pyhelpers.deploy.model import StepName
from pyhelpers.deploy.plan import make_plan
from pyhelpers.deploy.run import Result, Run
from pyhelpers.deploy.settle import settle
from pyhelpers.deploy.site import facts_of
from pyhelpers.errors import ProtostarError

if TYPE_CHECKING:
    from pyhelpers.deploy.model import Facts, Plan
    from pyhelpers.deploy.run import Reporter
    from pyhelpers.deploy.site import Site, Wanted

# A hook that outlived its deployer is waited for; it is bounded by its own time limit.
SLACK_S = 60.0


def planned(site: Site, wanted: Wanted, token: str = "") -> tuple[Facts, Plan]:
    """The facts, and the steps from them. Raises what refuses, before anything is touched."""
    facts = facts_of(site, wanted.image, token)
    plan = make_plan(facts, wanted.target)
    if plan.has(StepName.START):  # a warm rollback need not wait for what it does not use
        preflight.check_compose(site.compose.told(), site.name)
    return facts, plan


def carry_out(
    site: Site, wanted: Wanted, who: str, show: Reporter, *, detach: bool = False
) -> Result:
    """Bring the service to the target. Raises the `ProtostarError` that says what stands."""
    with interrupts.raised():
        _, plan = planned(site, wanted)
        if not plan.steps:
            return Result(plan, "", None)
        guard = Guard.acquire(site.host, site.name, who, _wait_s(site), site.clock, show.note)
        try:
            return _under_guard(site, wanted, who, show, guard, detach=detach)
        finally:
            guard.close()


def _wait_s(site: Site) -> float:
    return site.service.before_switch_timeout_s + SLACK_S


def _under_guard(
    site: Site, wanted: Wanted, who: str, show: Reporter, guard: Guard, *, detach: bool
) -> Result:
    """The facts are read once more: what was true before the lock may not be true behind it."""
    facts, plan = _planned_again(site, wanted, guard)
    if not plan.steps:
        guard.release()
        return Result(plan, "", None)
    if facts.state_format == 0:
        site.host.put(site.host.root / "format", f"{preflight.STATE_FORMAT}\n".encode())
    show.announce(report.headline(plan), plan.warnings)
    about = _about(facts, plan, who)
    guard.about(about)
    guard.terms(plan)
    run = Run(site.host, plan, about, wanted.files, site.gateway, guard, show, detach, site.clock)
    run.sources = site.sources
    run.restarts_before = {c.id: c.restarts for c in facts.containers}
    try:
        execute(run)
        interrupts.pass_over()
    except BaseException as problem:
        interrupts.pass_over()
        raise settle(run, problem) from problem
    if not run.committed:
        with suppress(ProtostarError):  # the left-over colour is cleaned; that was all
            guard.release()
    return Result(plan, about["id"], run)


def _planned_again(site: Site, wanted: Wanted, guard: Guard) -> tuple[Facts, Plan]:
    try:
        return planned(site, wanted, guard.token)
    except BaseException:
        with suppress(ProtostarError):
            guard.release()
        raise


def _about(facts: Facts, plan: Plan, who: str) -> dict[str, Any]:
    """The record's first half: all that is known before anything is done."""
    hooks = plan.target.action == "deploy" and bool(plan.target.service.before_switch)
    return {
        "id": new_id(),
        "action": plan.target.action,
        # Not among the steps: an earlier attempt has run them and left the colour warm.
        "hooks_ran": hooks and not plan.has(StepName.HOOKS),
        "who": who,
        "colour": str(plan.idle),
        "previous": _live_release(facts, plan),
        "release": dataclasses.asdict(plan.target.release),
    }


def _live_release(facts: Facts, plan: Plan) -> str:
    """What is left behind: as its containers say, else (exited, adopted) as the history does."""
    labelled = (c.release for c in facts.running(plan.live) if c.release)
    record = history.live_record(facts.history, plan.live)
    return next(labelled, record.release.id if record else "")


def new_id() -> str:
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
