"""References of images: what a person types, and what it is made of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhelpers.config.model import Config, Registry, Service


def references(config: Config, service: Service, version: str) -> tuple[str, ...]:
    """What a person typed → references: a tag, a digest, or a whole reference of its own.

    An engine may have the image under its registry's name too, where that registry is not asked.
    """
    if "/" in version or version.startswith("sha256:"):
        return (version,)
    separator = "@" if version.startswith("@") else ":"
    plain = f"{service.image}{separator}{version.lstrip('@')}"
    if config.registry is None:
        return (plain,)
    named = f"{config.registry.address}/{plain}"
    return (plain, named) if config.registry.reach == "none" else (named,)


def label_of(version: str) -> str:
    """What people call it: of v2@sha256:…, as `protostar build` hands it on, v2."""
    tag, _, digest = version.partition("@")
    return tag if tag and digest and "/" not in tag else version


def repository_of(reference: str) -> str:
    """Without tag and digest. A colon before the last slash is a registry's port."""
    head, slash, name = reference.split("@", maxsplit=1)[0].rpartition("/")
    return head + slash + name.split(":")[0]


def is_in(registry: Registry | None, reference: str) -> bool:
    """Whether this registry is the one to ask for it."""
    if registry is None or registry.reach == "none":
        return False
    return reference.startswith(f"{registry.address}/")


def name_in_registry(reference: str) -> str:
    """The repository as its own registry calls it: registry.lan:5000/shop/api:v2 → shop/api."""
    return repository_of(reference).partition("/")[2]


def version_of(reference: str) -> str:
    """The digest or the tag; `latest` when there is neither, as docker has it."""
    _, at, digest = reference.partition("@")
    tag = reference.removeprefix(repository_of(reference)).removeprefix(":")
    return digest if at else tag or "latest"
