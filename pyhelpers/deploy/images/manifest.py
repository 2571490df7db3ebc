"""Manifests and indexes of the v2 registry API, in Docker's words and in OCI's. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ASKED = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}


@dataclass(frozen=True, slots=True)
class Manifest:
    """One platform's image: its configuration's digest, and what its layers weigh compressed."""

    config_digest: str
    layers: tuple[str, ...]
    size_bytes: int


def is_index(document: Mapping[str, Any]) -> bool:
    """By its content: the media type is optional in OCI."""
    return "manifests" in document


def _platforms(index: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(architecture, digest) of each image; attestations, which run nowhere, are left out."""
    for each in index["manifests"]:
        platform = each.get("platform") or {}
        if platform.get("os", "linux") == "linux":
            yield platform.get("architecture", ""), each["digest"]


def architectures(index: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, _ in _platforms(index) if name))


def digest_for(index: Mapping[str, Any], architecture: str) -> str | None:
    """The first that fits, as the engine chooses; one that names no architecture fits any."""
    fitting = (digest for name, digest in _platforms(index) if name in ("", architecture))
    return next(fitting, None)


def read_manifest(document: Mapping[str, Any]) -> Manifest:
    """Raises `KeyError` for a manifest of schema 1, which no engine of today pulls."""
    layers = document["layers"]
    size_bytes = document["config"]["size"] + sum(layer["size"] for layer in layers)
    digests = tuple(layer["digest"] for layer in layers)
    return Manifest(document["config"]["digest"], digests, size_bytes)
