"""Which image is meant: a tag becomes a digest before anything is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, ImageNotFound, NotFound
from requests import RequestException

from pyhelpers.deploy.facts import Engine
from pyhelpers.deploy.model import ImageFacts
from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from pyhelpers.config.model import Config, Service
    from pyhelpers.hosts.protocol import Host


def reference(config: Config, service: Service, version: str) -> str:
    """What a person typed → a reference: a tag, a digest, or a whole reference of its own."""
    if "/" in version or version.startswith("sha256:"):
        return version
    registry = config.registry
    prefix = f"{registry.address}/" if registry and registry.reach != "none" else ""
    separator = "@" if version.startswith("@") else ":"
    return f"{prefix}{service.image}{separator}{version.lstrip('@')}"


def repository_of(reference: str) -> str:
    """Without tag and digest. A colon before the last slash is a registry's port."""
    head, slash, name = reference.split("@", maxsplit=1)[0].rpartition("/")
    return head + slash + name.split(":")[0]


def find_image(host: Host, config: Config, wanted: str) -> ImageFacts | None:
    """The image by its digest, or None when it does not exist. Asks the registry, if there is one.

    Raises `Unreachable` when the registry does not answer.
    """
    registry = config.registry
    if registry is None or not wanted.startswith(f"{registry.address}/"):
        return _in_engine(host, wanted)
    return _in_registry(host, wanted)


def _in_engine(host: Host, wanted: str) -> ImageFacts | None:
    found = _inspect(host, wanted)
    if found is None:
        return None
    return ImageFacts(
        found["Id"], found["Id"], (found["Architecture"],), present=True, size_bytes=found["Size"]
    )


def _in_registry(host: Host, wanted: str) -> ImageFacts | None:
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
            try_=f"docker buildx imagetools inspect {wanted}",
        ) from None
    digest = found["Descriptor"]["digest"]
    pinned = f"{repository_of(wanted)}@{digest}"
    platforms = tuple(p["architecture"] for p in found.get("Platforms") or ())
    return ImageFacts(pinned, digest, platforms, _inspect(host, pinned) is not None)


def _inspect(host: Host, wanted: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = Engine(host).inspect_image(wanted)
    except ImageNotFound:
        return None
    return found
