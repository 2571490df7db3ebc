"""Which image is meant, and how it gets to the host: a tag becomes a digest before any plan."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, ImageNotFound, NotFound
from requests import RequestException

from pyhelpers.deploy.facts import Engine
from pyhelpers.deploy.images import manifest
from pyhelpers.deploy.images.names import is_in, name_in_registry, repository_of, version_of
from pyhelpers.deploy.images.registry import WITHOUT
from pyhelpers.deploy.model import ImageFacts, Way
from pyhelpers.errors import PreflightError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyhelpers.config.model import Config
    from pyhelpers.deploy.facts import HasEngine
    from pyhelpers.deploy.images.registry import Registry
    from pyhelpers.deploy.images.sources import Sources
    from pyhelpers.hosts.protocol import Host


def find_image(host: Host, config: Config, wanted: str, sources: Sources) -> ImageFacts | None:
    """The image by its digest, or None when it does not exist.

    Raises `Unreachable` when the registry does not answer, `PreflightError` when the image would
    have to come from an engine that is not there.
    """
    registry = config.registry
    if registry is not None and is_in(registry, wanted):
        through = _through_us if registry.reach == "tunnel" else _by_the_host
        return through(host, wanted, sources)
    if config.hosts[host.name].local:
        return image_here(host, wanted)
    return _in_own_engine(wanted, sources)


def image_here(host: HasEngine, name: str) -> ImageFacts | None:
    """One that this engine has; None when it has not."""
    found = _inspect(host, name)
    if found is None:
        return None
    return ImageFacts(
        found["Id"],
        found["Id"],
        (found["Architecture"],),
        present=True,
        size_bytes=found["Size"],
        here_as=name,
    )


def here_as(host: Host, image: ImageFacts, names: Iterable[str]) -> str:
    """The first name under which the host has this image; "" when it has it under none.

    A release's tag is ours alone, so a release of this very image has it under its tag.
    """
    ids = (image.reference, image.config_digest)
    return next((each for each in (*ids, *names) if each and _inspect(host, each)), "")


# --- tunnel: we ask the registry -----------------------------------------------------------------


def _through_us(host: Host, wanted: str, sources: Sources) -> ImageFacts | None:
    architecture = Engine(host).version()["Arch"]
    with closing(sources.registry()) as registry:
        return _asked(registry, wanted, architecture)


def _asked(registry: Registry, wanted: str, architecture: str) -> ImageFacts | None:
    name = name_in_registry(wanted)
    found = registry.manifest(name, version_of(wanted))
    if found is None:
        return None
    digest, document = found
    pinned = f"{repository_of(wanted)}@{digest}"
    offered = manifest.architectures(document) if manifest.is_index(document) else ()
    if manifest.is_index(document):
        chosen = manifest.digest_for(document, architecture)
        within = registry.manifest(name, chosen) if chosen else None
        if within is None:
            return ImageFacts(pinned, digest, offered, present=False, way=Way.TUNNEL)
        document = within[1]
    one = _manifest(document, wanted)
    return ImageFacts(
        pinned,
        digest,
        offered or _architecture(registry, name, one),
        present=False,
        size_bytes=one.size_bytes,
        way=Way.TUNNEL,
        config_digest=one.config_digest,
        layers=one.layers,
    )


def _manifest(document: dict[str, Any], wanted: str) -> manifest.Manifest:
    try:
        return manifest.read_manifest(document)
    except KeyError:
        raise PreflightError(
            error=f"the manifest of {wanted} is of a kind that engines of today do not pull",
            try_=f"docker buildx imagetools inspect {wanted}",
        ) from None


def _architecture(registry: Registry, name: str, one: manifest.Manifest) -> tuple[str, ...]:
    told = registry.document(name, one.config_digest).get("architecture")
    return (told,) if told else ()


# --- direct: the host's engine asks it -----------------------------------------------------------


def _by_the_host(host: Host, wanted: str, _sources: Sources) -> ImageFacts | None:
    try:
        api: Any = host.docker().api
        found = api.inspect_distribution(wanted)
    except NotFound:
        return None
    except (DockerException, RequestException) as problem:
        if "not found" in str(problem) or "manifest unknown" in str(problem):
            return None
        raise Unreachable(
            error=f"the registry does not tell about {wanted}: {problem}",
            try_=f"{WITHOUT}, or docker buildx imagetools inspect {wanted}",
        ) from None
    digest = found["Descriptor"]["digest"]
    platforms = tuple(p["architecture"] for p in found.get("Platforms") or ())
    return ImageFacts(f"{repository_of(wanted)}@{digest}", digest, platforms, present=False)


# --- none: it is in our own engine ---------------------------------------------------------------


def _in_own_engine(wanted: str, sources: Sources) -> ImageFacts | None:
    """Its id there is what identifies it: the digest of its configuration, or of its manifest."""
    try:
        with closing(sources.own_engine()) as own:
            found = image_here(own, wanted)
    except Unreachable as problem:
        raise PreflightError(
            error=f"{wanted} is in no registry, so it comes from this machine's engine, "
            f"which does not answer: {problem.error}",
            try_="docker version   # or name a registry in protostar.yml",
        ) from None
    return found and replace(found, present=False, here_as="", way=Way.SHIP)


def _inspect(host: HasEngine, wanted: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = Engine(host).inspect_image(wanted)
    except ImageNotFound:
        return None
    return found
