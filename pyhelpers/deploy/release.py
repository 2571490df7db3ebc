"""A release: its override of the Compose file, its digest, its id. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pyhelpers.deploy.commands import image_tag
from pyhelpers.deploy.model import Release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from pyhelpers.config.model import Gateway, Service
    from pyhelpers.deploy.model import ImageFacts

RELEASE_ID_LENGTH = 12
# Where a worker sees the markers; a folder, because a mounted file would pin one colour for good.
MARKERS_INSIDE = "/run/protostar/live"


def override(name: str, service: Service, gateway: Gateway, root: PurePosixPath) -> bytes:
    """What the deploy adds to the service's own Compose file.

    Colour and release come as variables at run time: the release's id is a digest of this text.
    """
    labels = {
        "service": name,
        "colour": "${PROTOSTAR_COLOUR}",
        "release": "${PROTOSTAR_RELEASE}",
        "root": _escaped(str(root)),
    }
    added: dict[str, Any] = {
        "image": image_tag(name, "${PROTOSTAR_RELEASE}"),
        "pull_policy": "never",
        "environment": _environment(name, service),
        "labels": {f"org.protostar.{key}": value for key, value in labels.items()},
        "networks": {gateway.network: {"aliases": [f"{name}-${{PROTOSTAR_COLOUR}}"]}},
    }
    if service.kind == "worker" and service.marker:
        added["volumes"] = [f"{_escaped(str(root))}/live:{MARKERS_INSIDE}:ro"]
    networks = {gateway.network: {"external": True, "name": gateway.network}}
    return _dump({"services": {service.compose_service: added}, "networks": networks})


def _environment(name: str, service: Service) -> dict[str, str]:
    environment = {
        "PROTOSTAR_SERVICE": name,
        "PROTOSTAR_COLOUR": "${PROTOSTAR_COLOUR}",
        "PROTOSTAR_RELEASE": "${PROTOSTAR_RELEASE}",
    }
    if service.kind == "worker" and service.marker:
        environment["PROTOSTAR_MARKER"] = f"{MARKERS_INSIDE}/{name}.${{PROTOSTAR_COLOUR}}"
    return environment


def _escaped(text: str) -> str:
    return text.replace("$", "$$")


def _dump(document: object) -> bytes:
    # JSON is YAML; the field order is fixed, so that the digest is.
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def config_digest(files: Mapping[str, bytes]) -> str:
    """One digest over names and contents, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()


def release_of(image: ImageFacts, label: str, files: Mapping[str, bytes]) -> Release:
    """The release's id follows from what is in it, so the same command finds the same release."""
    config = config_digest(files)
    identity = hashlib.sha256(f"{image.digest}\0{config}".encode()).hexdigest()
    return Release(identity[:RELEASE_ID_LENGTH], image.reference, label, config)
