"""One service on its host: where every command of this room begins."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pyhelpers.config.lookup import service_of
from pyhelpers.deploy import compose_file, marker, release
from pyhelpers.deploy import history as past
from pyhelpers.deploy.commands import image_tag
from pyhelpers.deploy.compose_version import ComposeVersion
from pyhelpers.deploy.facts import read_facts, read_history, state_format, unfinished_switch
from pyhelpers.deploy.fleet import Serving
from pyhelpers.deploy.gateway import Gateway
from pyhelpers.deploy.images.find import find_image, here_as, image_here
from pyhelpers.deploy.images.names import label_of, references
from pyhelpers.deploy.images.sources import Sources
from pyhelpers.deploy.model import Release, Target
from pyhelpers.deploy.preflight import newer_format
from pyhelpers.errors import ConfigurationError, PreflightError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyhelpers.clock import Clock
    from pyhelpers.config.model import Config, Service
    from pyhelpers.config.model import Gateway as GatewaySettings
    from pyhelpers.deploy.model import Facts, ImageFacts, Record
    from pyhelpers.hosts.protocol import Host


@dataclass(frozen=True, slots=True)
class Site:
    """A service as protostar.yml describes it, on one of its hosts, and its gateway there."""

    config: Config
    folder: Path
    name: str
    service: Service
    host: Host
    gateway: Gateway
    compose: ComposeVersion
    clock: Clock = time
    sources: Sources = field(default_factory=Sources)

    @property
    def settings(self) -> GatewaySettings:
        return self.config.gateways[self.service.gateway]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target, the image behind it, and the files that its release folder must hold."""

    target: Target
    image: ImageFacts | None
    files: Mapping[str, bytes]


def open_site(
    config: Config, folder: Path, name: str, host: Host, compose: ComposeVersion | None = None
) -> Site:
    """`compose`: where it was asked for already."""
    service = service_of(config, name).on(host.name)
    refusal = newer_format(state_format(host))
    if refusal is not None:
        raise refusal
    gateway = Gateway(host, config.gateways[service.gateway], name, service)
    sources = Sources(config.registry)
    compose = compose or ComposeVersion(host)
    return Site(config, folder, name, service, host, gateway, compose, sources=sources)


def wanted_release(site: Site, version: str) -> Wanted:
    """The release that `version` of the image and this checkout's configuration make."""
    files = release_files(site)
    names, label = references(site.config, site.service, version), label_of(version)
    found = (find_image(site.host, site.config, name, site.sources) for name in names)
    image = next((each for each in found if each is not None), None)
    if image is None:
        return Wanted(_target(site, Release("", names[0], label, "")), None, files)
    wanted = release.release_of(image, label, files)
    return Wanted(_target(site, wanted), _looked_for(site, image, wanted), files)


def _looked_for(site: Site, image: ImageFacts, wanted: Release) -> ImageFacts:
    """What a host got through a tunnel or from us it has under its releases' names only."""
    if image.present:
        return image
    history = read_history(site.host, site.name)
    same = [r.release.id for r in reversed(history) if r.release.image == image.reference]
    names = [image_tag(site.name, each) for each in dict.fromkeys([wanted.id, *same])]
    found = here_as(site.host, image, names)
    return replace(image, present=bool(found), here_as=found)


def _target(site: Site, wanted: Release, action: str = "deploy") -> Target:
    return Target(site.name, site.service, site.settings, wanted, action)


def release_files(site: Site) -> dict[str, bytes]:
    """The Compose file, what it names, and our override, by their names in the release folder."""
    compose = site.folder / site.service.compose
    text = _read(compose, site.service.compose)
    key = site.service.compose_service
    services = site.config.services
    document = compose_file.compose_document(text, site.service.compose, key, services.keys())
    env = _env_file(compose.parent, document, site.service.compose)
    named = {
        name: _read(compose.parent / name, name) for name in compose_file.files_named(document, key)
    }
    ours = release.override(site.name, site.service, site.settings, site.host.root)
    return {"compose.yml": text, "override.yml": ours, **env, **named}


def _env_file(folder: Path, document: Mapping[str, Any], shown: str) -> dict[str, bytes]:
    """The `.env` that Compose reads by itself: what it sets belongs to the release."""
    path = folder / ".env"
    env = {".env": path.read_bytes()} if path.exists() else {}
    unset = compose_file.unset_variables(document, env.get(".env", b""))
    if unset:
        raise ConfigurationError(
            error=f"{shown} uses {', '.join(unset)}, which no .env beside it sets",
            try_=f"set it in {path}, or give it a default: ${{{unset[0]}:-…}}",
        )
    return env


def _read(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ConfigurationError(
            error=f"{shown} cannot be read: {problem.strerror}", try_=f"ls -l {path}"
        ) from None


def earlier_release(site: Site, history: tuple[Record, ...], to: str | None) -> Wanted:
    """The last good release before the live one, or the one that `to` names (id or label).

    Raises `PreflightError` when there is none, or when it has been pruned.
    """
    last = past.last_good(history)
    live = _live_colours(site)
    last_is_live = last is None or not live or last.colour in live
    candidates = past.rollback_candidates(history, last_is_live=last_is_live)
    if to is not None:
        candidates = tuple(r for r in past.good(history) if to in (r.release.id, r.release.label))
    if not candidates:
        raise PreflightError(
            error=f"{site.name} has no {'release ' + to if to else 'earlier good release'}",
            try_=f"protostar deploy history {site.name}",
        )
    found = candidates[-1] if to is not None else candidates[0]
    return _kept(site, found.release)


def _live_colours(site: Site) -> frozenset[str]:
    """As the markers say, or will say once the guard has undone an unfinished switch."""
    undone = unfinished_switch(site.host, site.name)
    if undone is not None:
        return frozenset(undone[:1])
    return frozenset(marker.markers_in(site.host.names(site.host.root / "live"), site.name))


def serving_of(site: Site) -> Serving:
    """What serves, as its marker and history say: two files, and the engine is not asked."""
    markers = marker.markers_in(site.host.names(site.host.root / "live"), site.name)
    live = next(iter(markers)) if len(markers) == 1 else None
    return Serving(live, past.live_record(read_history(site.host, site.name), live))


def _kept(site: Site, found: Release) -> Wanted:
    image = image_here(site.host, image_tag(site.name, found.id))
    kept = site.host.names(site.host.root / "releases" / site.name)
    if image is None or found.id not in kept:
        raise PreflightError(
            error=f"release {found.id} ({found.label}) is not on {site.host.name} any more",
            try_=f"protostar deploy run {site.name} {found.label}",
        )
    return Wanted(_target(site, found, "rollback"), image, {})


def facts_of(site: Site, image: ImageFacts | None, token: str = "") -> Facts:
    return read_facts(site.host, site.name, site.gateway, image, token)
