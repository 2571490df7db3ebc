"""What a deploy of one service will need on its host: the deploy's own checks, all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyhelpers.deploy import preflight
from pyhelpers.deploy.doctor.model import FAIL, OK, WARN, Finding
from pyhelpers.deploy.model import ImageFacts, Release, Target
from pyhelpers.deploy.site import facts_of, release_files
from pyhelpers.errors import ProtostarError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.deploy.model import Facts
    from pyhelpers.deploy.site import Site

STATE_FOLDERS = ("live", "guard", "history", "releases")
# A folder that is not there yet: whether the nearest one above it can be written.
WRITABLE = 'p=$1; while [ ! -e "$p" ]; do p=$(dirname "$p"); done; test -w "$p"'
TOOLS = ("bash", "flock", "timeout", "docker")


def examine(site: Site) -> Iterator[Finding]:
    """All findings for one service on its host; nothing is changed."""
    yield from _tools(site)
    yield from _compose_file(site)
    try:
        facts = facts_of(site, None)
    except ProtostarError as problem:
        yield Finding(FAIL, problem.error, problem.try_)
        return
    yield from _checks(site, facts)
    yield from _state(site, facts)


def _tools(site: Site) -> Iterator[Finding]:
    for tool in TOOLS:
        there = site.host.run(["sh", "-c", 'command -v "$1"', "tool", tool], deadline_s=5).ok
        mend = "" if there else f"apt-get install {'util-linux' if tool == 'flock' else tool}"
        yield Finding(OK if there else FAIL, f"{tool} on {site.host.name}", mend)
    # The engine makes a missing live/ when the gateway starts, and then it belongs to root.
    root = site.host.root
    history = root / "history" / f"{site.name}.jsonl"
    for path in (root, *(root / name for name in STATE_FOLDERS), history):
        writable = site.host.run(["sh", "-c", WRITABLE, "path", str(path)], deadline_s=5).ok
        mend = "" if writable else f"sudo chown $(id -un) {path}"
        yield Finding(OK if writable else FAIL, f"{path} can be written", mend)


def _compose_file(site: Site) -> Iterator[Finding]:
    try:
        release_files(site)
    except ProtostarError as problem:
        yield Finding(FAIL, problem.error, problem.try_)
    else:
        yield Finding(OK, f"{site.service.compose} has {site.service.compose_service}")


def _checks(site: Site, facts: Facts) -> Iterator[Finding]:
    """The very checks that a deploy makes, all of them instead of the first."""
    here = replace(facts, image=ImageFacts("any", "any", (), present=True))
    target = Target(site.name, site.service, site.settings, Release("", "", "", ""))
    for name, check in {**preflight.CHECKS, **preflight.ROOM_CHECKS}.items():
        refusal = check(here, target)
        if refusal is None:
            yield Finding(OK, name)
        else:
            yield Finding(FAIL, refusal.error, refusal.try_)


def _state(site: Site, facts: Facts) -> Iterator[Finding]:
    """What a deploy would go on with, and what it would settle first."""
    if facts.unfinished and facts.holder is None:
        yield Finding(WARN, "an unfinished switch", f"protostar deploy run {site.name} VERSION")
    if facts.live is not None and not (facts.live_answer and facts.live_answer.app):
        yield Finding(
            WARN,
            f"{facts.live} is live and does not answer",
            f"docker logs {site.name}-{facts.live}-{site.service.compose_service}-1",
        )
    stopped = [c.name for c in facts.containers if not c.running]
    if stopped:
        yield Finding(
            WARN,
            f"stopped containers are kept for their logs: {', '.join(stopped)}",
            f"docker rm {' '.join(stopped)}",
        )
