"""What an image is called, and what its labels say of it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.build.model import Source, Wanted
    from pyhelpers.config.model import Config

# https://github.com/distribution/reference: what a registry takes for a tag.
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
CACHE_TAG = "buildcache"
OWN_LABEL = "org.protostar.build"


def tags(wanted: Wanted, source: Source) -> tuple[str, ...]:
    """The version's, then the commit's; without a version the commit's alone."""
    return tuple(dict.fromkeys(filter(None, (wanted.version, source.short))))


def is_pushed(wanted: Wanted, config: Config) -> bool:
    return wanted.push and config.registry is not None and config.registry.reach != "none"


def repository(wanted: Wanted, config: Config) -> str:
    """Of an image that stays in the engine it has no registry, as a deploy looks for it."""
    image = config.services[wanted.service].image
    if not is_pushed(wanted, config) or config.registry is None:
        return image
    return f"{wanted.registry or config.registry.address}/{image}"


def own_label(wanted: Wanted, config: Config) -> str:
    """By which our images on an engine are told from everybody else's."""
    return f"{OWN_LABEL}={config.project}/{wanted.service}"


def labels(wanted: Wanted, config: Config, source: Source) -> Iterator[str]:
    """As https://specs.opencontainers.org/image-spec/annotations has them.

    `created` is the commit's time: the same commit makes the same image.
    """
    told = {
        "title": config.services[wanted.service].image,
        "version": tags(wanted, source)[0],
        "revision": source.revision and source.revision + ("-dirty" if source.changed else ""),
        "created": source.committed_at,
        "source": source.origin,
    }
    yield from (f"org.opencontainers.image.{key}={value}" for key, value in told.items() if value)
    yield own_label(wanted, config)


def without_password(address: str) -> str:
    """A remote's address as it may stand in an image that others read."""
    return re.sub(r"^([a-z][a-z0-9+.-]*://)[^/@]*@", r"\1", address, flags=re.IGNORECASE)
