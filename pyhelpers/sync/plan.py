"""Facts of a host and what it shall have → the steps, or a refusal. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyhelpers.errors import PreflightError
from pyhelpers.sync import compose
from pyhelpers.sync.digest import digest_of, listing_of
from pyhelpers.sync.drift import drift
from pyhelpers.sync.model import Plan, Step, StepName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.sync.model import Allowed, Found, Target

# What an unpacked release, its archive and a line of the history need, and the host to live.
RESERVE_BYTES = 16 << 20

REFUSED_WAYS = {
    "older": "is older than the commit that the host has",
    "apart": "does not come after the commit that the host has",
    "unknown": "cannot be compared with the commit that the host has",
}


def plan(found: Found, target: Target, allowed: Allowed, relation: str = "") -> Plan:
    """`relation`: of the target's commit to the host's: newer, same, older, apart, unknown.

    Raises `PreflightError`.
    """
    made = steps_to(found, target)
    _refuse_space(found, target)
    _refuse_drift(found, target, allowed)
    _refuse_backwards(found, target, allowed, relation)
    _refuse_strangers(found, target)
    _refuse_own_branch(found, made, allowed)
    return made


def steps_to(found: Found, target: Target) -> Plan:
    """Whether or not it may be done."""
    changed = changed_files(found, target)
    create = services_to_create(found, target)
    remove = containers_to_remove(found, target)
    made = Plan(target, found.current, (), changed, create, remove)
    return replace(made, steps=tuple(_steps(found, made)))


def changed_files(found: Found, target: Target) -> tuple[str, ...]:
    """Against what lies there, edits included."""
    wanted = listing_of(target.files)
    names = wanted.keys() | found.listing.keys()
    return tuple(sorted(n for n in names if wanted.get(n) != found.listing.get(n)))


def services_to_create(found: Found, target: Target) -> tuple[str, ...]:
    """Those without a container that was made from this definition and runs."""
    return tuple(
        name
        for name, digest in sorted(target.services.items())
        if not (
            (mine := [each for each in found.containers if each.service == name])
            and all(each.config == digest and (each.well or _runs(each.state)) for each in mine)
        )
    )


def _runs(state: str) -> bool:
    """One that is merely unhealthy is not mended by making it anew; `verify` tells."""
    return state == "running"


def containers_to_remove(found: Found, target: Target) -> tuple[str, ...]:
    """Of services that the stack has no more. Never what is not the stack's."""
    return tuple(each.name for each in found.containers if each.service not in target.services)


def nginx_to_reload(found: Found, target: Target, create: tuple[str, ...]) -> tuple[str, ...]:
    """Those that say that they serve something else, and are not made anew anyway."""
    return tuple(
        each.name
        for each in found.containers
        if each.nginx_port
        and each.service in target.services
        and each.service not in create
        and found.served.get(each.name, "") != target.nginx
    )


# --- refusals ---------------------------------------------------------------------------------


def _refuse_space(found: Found, target: Target) -> None:
    needed = RESERVE_BYTES + 3 * sum(len(file.data) for file in target.files.values())
    if found.free_bytes < needed:
        raise PreflightError(
            error=f"{target.host}: the disk of config/ is nearly full: "
            f"{found.free_bytes >> 20} MiB are free, {needed >> 20} are needed",
            try_=f"df -h, on {target.host}",
        )


def _refuse_drift(found: Found, target: Target, allowed: Allowed) -> None:
    told = [] if allowed.drift else drift(found)
    if told:
        lines = "\n".join(f"  {each.path}: {each.what}" for each in told)
        raise PreflightError(
            error=f"somebody changed {target.host} by hand since the last apply:\n{lines}",
            try_=f"protostar sync drift {target.host}, then "
            f"protostar sync apply {target.host} --adopt (keep it) or --overwrite (undo it; "
            "a copy is kept there)",
        )


def _refuse_backwards(found: Found, target: Target, allowed: Allowed, relation: str) -> None:
    backwards = relation in REFUSED_WAYS and target.digest != found.current
    if target.action == "apply" and backwards and not allowed.force:
        raise PreflightError(
            error=f"this checkout's commit {target.commit[:12] or '(none)'} "
            f"{REFUSED_WAYS[relation]}",
            try_=f"git pull, then protostar sync apply {target.host}; "
            f"or protostar sync rollback {target.host}; or --force",
        )


def _refuse_strangers(found: Found, target: Target) -> None:
    """A fixed name that somebody else's container has: Compose would fail half-way."""
    taken = sorted(found.strangers.keys() & compose.container_names(target.files))
    if taken:
        project = found.strangers[taken[0]]
        gone = f"docker compose -p {project} down" if project else f"docker rm -f {taken[0]}"
        raise PreflightError(
            error=f"{target.host}: a container {', '.join(taken)} is there already, "
            "and sync has not made it",
            try_=f"{gone}   # on {target.host}; then sync makes its own",
        )


def _refuse_own_branch(found: Found, made: Plan, allowed: Allowed) -> None:
    """A pipeline that ends its own controller would never say how it went."""
    own = [
        each.name
        for each in found.containers
        if each.pipeline and (each.service in made.create or each.name in made.remove)
    ]
    if own and allowed.in_pipeline:
        raise PreflightError(
            error=f"this would replace {', '.join(own)}, which this pipeline runs on",
            try_=f"protostar sync {made.target.action} {made.target.host}   # from a laptop",
        )


# --- steps ------------------------------------------------------------------------------------


def _steps(found: Found, made: Plan) -> Iterator[Step]:
    target, create, remove = made.target, made.create, made.remove
    reload = nginx_to_reload(found, target, create)
    same = found.current == target.digest and digest_of(found.listing) == target.digest
    if same and found.unfinished is None and not (create or remove or reload):
        return
    yield Step(StepName.CHECK, "Compose and nginx take it, in throw-away containers")
    if not same:
        yield Step(StepName.UPLOAD, f"{len(made.changed)} changed files, release {target.digest}")
    if create:
        yield Step(StepName.FETCH, f"what {', '.join(create)} need and the host lacks")
    yield Step(StepName.FLIP, f"config/current {found.current or 'nothing'} → {target.digest}")
    if create or remove:
        yield Step(StepName.CONTAINERS, _containers(create, remove))
    if reload:
        yield Step(StepName.RELOAD, ", ".join(reload))
    yield Step(StepName.VERIFY, "all containers are well, nginx serves these files")
    yield Step(StepName.RECORD, "a line in the history")


def _containers(create: tuple[str, ...], remove: tuple[str, ...]) -> str:
    words = [f"make {', '.join(create)}"] if create else []
    return "; ".join([*words, *([f"remove {', '.join(remove)}"] if remove else [])])
