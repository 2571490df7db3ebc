"""From a target to what a host serves: the locks, the plan, the steps, and what came of them."""

from __future__ import annotations

import base64
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyhelpers import interrupts
from pyhelpers.errors import ConfigurationError, LockedError, PreflightError, Unreachable
from pyhelpers.hosts.lock import hold
from pyhelpers.sync import archive, check, checkout, commands, drift, execute, history, stack
from pyhelpers.sync.compose import StackWrong
from pyhelpers.sync.digest import digest_of, listing_of
from pyhelpers.sync.model import Allowed, Record, StepName
from pyhelpers.sync.plan import plan
from pyhelpers.sync.run import Run, now
from pyhelpers.sync.settle import settled
from pyhelpers.sync.state import config_of, found_on, kept_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyhelpers.clock import Clock
    from pyhelpers.hosts.lock import Held
    from pyhelpers.hosts.protocol import Host
    from pyhelpers.steps import Notes
    from pyhelpers.sync.model import Files, Found, Plan, Step, Target

# Longer than the lock's holder takes to notice that the line of a killed sync is dead.
LOCK_S, WORK_S, FILES_S = 8.0, 60.0, 60.0
KEEP_RELEASES = 5


@dataclass(frozen=True, slots=True)
class Site:
    """A host, the checkout that its configuration comes from, and who asks."""

    host: Host
    project: str
    folder: Path
    who: str
    clock: Clock


def planned(site: Site, target: Target, allowed: Allowed) -> Plan:
    """Raises what `apply` would refuse with, Compose's and nginx's own words included."""
    found = found_on(site.host, site.project, target)
    made = plan(found, target, allowed, _relation(site, found, target))
    if any(step.name is StepName.UPLOAD for step in made.steps):
        return replace(made, warnings=_tried(site, target))
    return made


def _tried(site: Site, target: Target) -> tuple[str, ...]:
    """What the checks warn of; nothing of them is left. Deploys may go on beside it."""
    with held(site, shared=True):
        check.send(site.host, target)
        try:
            return check.checked(site.host, target, f"incoming/{target.digest}").warnings
        finally:
            check.discard(site.host, target)


def _relation(site: Site, found: Found, target: Target) -> str:
    there = history.commit_of(found.history, found.current)
    return checkout.relation(site.folder, target.commit, there)


@contextmanager
def held(site: Site, *, shared: bool = False) -> Iterator[Held]:
    """The host's lock, alone: no deploy goes on meanwhile, and no other sync.

    `shared`: as deploys hold it, for what changes nothing but must not meet a sync.

    Raises `LockedError`.
    """
    root = site.host.root
    made = site.host.run(commands.prepare(root), deadline_s=FILES_S)
    if not made.ok:
        raise Unreachable(
            error=f"{site.host.name}: {root} cannot be written: {made.err.strip()}",
            try_=f"protostar deploy prepare {site.host.name}",
        )
    with ExitStack() as locks:
        try:
            lock = locks.enter_context(
                hold(site.host, root / "guard" / "host", shared=shared, wait_s=LOCK_S)
            )
        except LockedError:
            raise _locked(site) from None
        if not shared:
            _await_work(site)
        yield lock


def _locked(site: Site) -> LockedError:
    lock = site.host.root / "guard" / "host"
    return LockedError(
        error=f"{site.host.name} is held by a deploy, or by another sync",
        try_=f"protostar deploy status; or wait: fuser -v {lock} shows who it is",
    )


def _await_work(site: Site) -> None:
    done = site.host.run(commands.await_work(site.host.root, WORK_S), deadline_s=WORK_S + 10)
    if not done.ok:
        raise LockedError(error="a command of an earlier sync still runs", try_="the same again")


def bring(site: Site, target: Target, allowed: Allowed, show: Notes[Step]) -> Plan:
    """Do what is missing. The plan has no steps when there was nothing to do.

    Raises the error that says what stands.
    """
    with interrupts.raised(), held(site) as lock:
        found = found_on(site.host, site.project, target)
        made = plan(found, target, allowed, _relation(site, found, target))
        if made.steps:
            _do(site, made, found, show, lock)
        return made


def _do(site: Site, made: Plan, found: Found, show: Notes[Step], lock: Held) -> None:
    run = Run(site.host, made, found, site.who, show, site.clock, lock, KEEP_RELEASES)
    try:
        execute.execute(run)
        interrupts.pass_over()
    except Exception as cause:
        interrupts.pass_over()
        raise settled(run, cause) from cause


# --- what lies on the host --------------------------------------------------------------------


def tree_on(host: Host) -> Files:
    """What lies in config/current now, edits included."""
    done = host.run(commands.fetch_tree(config_of(host)), deadline_s=FILES_S)
    if not done.ok:
        raise Unreachable(error=f"{host.name}: config/current cannot be read: {done.err.strip()}")
    return archive.unpacked(base64.b64decode(done.out))


def adopted(site: Site) -> Target:
    """What somebody has made of the host by hand, as a configuration of its own.

    Raises `PreflightError` when nobody has.
    """
    found = found_on(site.host, site.project)
    if not drift.drift(found):
        raise PreflightError(
            error=f"nobody has changed {site.host.name} by hand: there is nothing to adopt",
            try_=f"protostar sync apply {site.host.name}",
        )
    try:
        files = stack.with_overrides(tree_on(site.host))
    except StackWrong as wrong:
        raise ConfigurationError(
            error=f"what lies on {site.host.name} is no stack: {wrong}",
            try_=f"protostar sync apply {site.host.name} --overwrite   # a copy is kept there",
        ) from None
    commit = history.commit_of(found.history, found.current)
    return stack.target(site.project, site.host.name, files, commit, "adopt")


def set_aside(site: Site) -> str:
    """Keep a copy of what was edited by hand; its digest, empty when nothing was."""
    found = found_on(site.host, site.project)
    if not drift.drift(found) or not found.listing:
        return ""
    files = tree_on(site.host)
    digest = digest_of(listing_of(files))
    with held(site):
        path = config_of(site.host) / "releases" / f"{digest}.tar"
        site.host.put(path, archive.packed(files), 0o600)
        line = Record(now(), site.who, "overwrite", "set aside", digest, found.current)
        _append(site, line)
    return digest


def _append(site: Site, line: Record) -> None:
    path = config_of(site.host) / "history.jsonl"
    site.host.run(commands.append(path, history.line_of(line)), deadline_s=FILES_S)


def earlier(site: Site, to: str | None) -> Target:
    """The good configuration before this one, or the one that `to` begins.

    Raises `PreflightError` when there is none on the host.
    """
    found = found_on(site.host, site.project)
    digest = _named(found, to) if to else history.before(found.history, found.current, found.kept)
    files = kept_files(site.host, digest)
    if not files:
        raise PreflightError(
            error=f"{site.host.name} keeps no {f'release {to}' if to else 'earlier release'}",
            try_=f"protostar sync history {site.host.name}",
        )
    commit = history.commit_of(found.history, digest)
    target = stack.target(site.project, site.host.name, files, commit)
    return replace(target, action="rollback")


def _named(found: Found, to: str) -> str:
    fitting = sorted(each for each in found.kept if each.startswith(to))
    return fitting[0] if len(fitting) == 1 else ""
