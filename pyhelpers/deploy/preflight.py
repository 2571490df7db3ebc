"""What a deploy refuses to start on. Each check: facts and target → a refusal or None. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy import history, room
from pyhelpers.deploy.model import Colour
from pyhelpers.deploy.versions import (
    COMPOSE_AT_LEAST,
    ENGINE_AT_LEAST,
    NGINX_AT_LEAST,
    dotted,
    version_of,
)
from pyhelpers.errors import LockedError, PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyhelpers.deploy.model import Facts, Target
    from pyhelpers.errors import ProtostarError

    Check = Callable[[Facts, Target], ProtostarError | None]

STATE_FORMAT = 1


def check(facts: Facts, target: Target) -> None:
    """Raises the first refusal, in the order in which an operator would settle them."""
    _raise_first(CHECKS, facts, target)


def check_compose(told: str, name: str) -> None:
    """Raises when the host's Compose cannot start a colour. `told`: empty when there is none."""
    refusal = _too_old("Compose plug-in", told, COMPOSE_AT_LEAST, name)
    if refusal is not None:
        raise refusal


def check_room(facts: Facts, target: Target) -> None:
    """Raises when the host has no room for a second colour."""
    _raise_first(ROOM_CHECKS, facts, target)


def _raise_first(checks: Mapping[str, Check], facts: Facts, target: Target) -> None:
    for one in checks.values():
        refusal = one(facts, target)
        if refusal is not None:
            raise refusal


def _format(facts: Facts, _target: Target) -> ProtostarError | None:
    return newer_format(facts.state_format)


def newer_format(found: int) -> ProtostarError | None:
    """An older program must not touch, nor misread, what a newer one keeps on a host."""
    if found <= STATE_FORMAT:
        return None
    return PreflightError(
        error=f"the host's state has format {found}, this program knows {STATE_FORMAT}",
        try_="use the newer Protostar that wrote it: git pull && script/setup in its checkout",
    )


def _engine(facts: Facts, target: Target) -> ProtostarError | None:
    return _too_old("engine", facts.engine.version, ENGINE_AT_LEAST, target.name)


def _too_old(what: str, version: str, least: tuple[int, ...], name: str) -> ProtostarError | None:
    if version_of(version) >= least:
        return None
    return PreflightError(
        error=f"the {what} is {version or 'not there'}; {dotted(least)} is the least",
        try_=f"upgrade the {what}, then `protostar deploy doctor {name}`",
    )


def _locked(facts: Facts, target: Target) -> ProtostarError | None:
    if facts.holder is None:
        return None
    who = facts.holder
    return LockedError(
        error=f"{target.name} is being deployed by {who.who} since {who.since}, at: {who.step}",
        try_=f"wait, or `protostar deploy rollback {target.name} --now`",
    )


def _gateway_up(facts: Facts, target: Target) -> ProtostarError | None:
    if facts.gateway is not None:
        return None
    gateway = target.gateway
    return PreflightError(
        error=f"the gateway does not answer on its private port {gateway.private_port}",
        try_=f"docker start {gateway.container}, or `docker logs {gateway.container}`",
    )


def _gateway_version(facts: Facts, _target: Target) -> ProtostarError | None:
    gateway = facts.gateway
    if gateway is None or version_of(gateway.nginx) >= NGINX_AT_LEAST:
        return None
    return PreflightError(
        error=f"the gateway runs nginx {gateway.nginx}; {dotted(NGINX_AT_LEAST)} is the least",
        try_="raise the image in compose/a5/gateway.yml and start the gateway anew",
    )


def _gateway_knows(facts: Facts, target: Target) -> ProtostarError | None:
    gateway = facts.gateway
    if gateway is None or target.name in gateway.services:
        return None
    known = ", ".join(sorted(gateway.services)) or "none"
    return PreflightError(
        error=f"the gateway's loaded configuration does not know {target.name} (it knows: {known})",
        try_=f"protostar sync apply {target.service.host}",
    )


def _markers(facts: Facts, target: Target) -> ProtostarError | None:
    if len(facts.markers) > 1:
        return _settle(target, "both markers are there, blue and green", facts)
    known = history.last_good(facts.history) is not None
    if not facts.markers and known and any(c.running for c in facts.containers):
        return _settle(target, "there is a history but no marker, and containers run", facts)
    return None


def _ours(facts: Facts, target: Target) -> ProtostarError | None:
    """Names on an engine are by service: two installations with one service would take turns."""
    foreign = next((c for c in facts.containers if c.root not in ("", facts.root)), None)
    if foreign is None:
        return None
    return PreflightError(
        error=f"{foreign.name} belongs to the installation in {foreign.root}, not {facts.root}",
        try_=f"give {target.name} another name here, or set root: {foreign.root}",
    )


def _settle(target: Target, what: str, facts: Facts) -> ProtostarError:
    last = history.last_good(facts.history)
    answer = f"; the history says {last.colour}" if last else ""
    colour = last.colour if last else Colour.BLUE
    return PreflightError(
        error=f"{target.name}: {what}{answer}",
        state="what the gateway serves was not touched",
        try_=f"protostar deploy adopt {target.name} --colour {colour}",
    )


def _marker_seen(facts: Facts, target: Target) -> ProtostarError | None:
    seen = facts.gateway.services.get(target.name, "") if facts.gateway else ""
    if facts.live is None or seen == facts.live:
        return None
    return PreflightError(
        error=f"the marker says {facts.live}, the gateway sees `{seen or 'none'}`: "
        "it has another folder mounted",
        try_=f"check the mount of live/ in {target.gateway.container}",
    )


def _live_is_who_it_says(facts: Facts, target: Target) -> ProtostarError | None:
    answer = facts.live_answer
    if answer is None or not answer.app or not answer.address:
        return None
    addresses = {container.address for container in facts.running(facts.live)}
    if answer.address in addresses:
        return None
    return PreflightError(
        error=f"the marker says {facts.live}, but {answer.address} answers, "
        f"which is none of its containers ({', '.join(sorted(addresses)) or 'none run'})",
        try_=f"protostar deploy status {target.name}",
    )


def _image(facts: Facts, target: Target) -> ProtostarError | None:
    image, engine = facts.image, facts.engine.architecture
    if image is None:
        return PreflightError(
            error=f"the image {target.release.image or target.release.label} does not exist",
            try_=f"docker image ls {target.service.image}",
        )
    if image.architectures and engine not in image.architectures:
        return PreflightError(
            error=f"the image {image.reference} is for {', '.join(image.architectures)}; "
            f"the host is {engine}",
            try_=f"docker buildx build --platform linux/{engine} …",
        )
    return None


# In the order in which an operator would settle them. The names are `doctor`'s.
CHECKS: Mapping[str, Check] = {
    "format of the state on the host": _format,
    "engine and Compose versions": _engine,
    "nobody else deploys": _locked,
    "gateway answers": _gateway_up,
    "gateway's nginx version": _gateway_version,
    "gateway knows the service": _gateway_knows,
    "containers are this installation's": _ours,
    "exactly one marker, or a first deploy": _markers,
    "gateway sees the marker": _marker_seen,
    "the live colour is who it says": _live_is_who_it_says,
    "image and architecture": _image,
}

# Only for a plan that starts a colour: a warm rollback must not be refused for want of memory.
ROOM_CHECKS: Mapping[str, Check] = {
    "disk": room.disk,
    "memory for two colours": room.memory,
}
