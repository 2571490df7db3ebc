"""Whether a host has room for a second colour: facts and target → a refusal or None. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.model import Way
from pyhelpers.errors import PreflightError

if TYPE_CHECKING:
    from pyhelpers.deploy.model import Facts, ImageFacts, Target
    from pyhelpers.errors import ProtostarError

# What an image needs beyond its own size while it is unpacked, and what the host needs to live.
DISK_RESERVE_BYTES = 1 << 30
# Markers, records and releases are small; without room for them nothing is safe.
ROOT_RESERVE_BYTES = 16 << 20
MEMORY_RESERVE_MB = 128


def disk(facts: Facts, _target: Target) -> ProtostarError | None:
    image, sent_bytes = facts.image, _sent_bytes(facts.image)
    if facts.engine.root_free_bytes < ROOT_RESERVE_BYTES + sent_bytes:
        sent = f", {sent_bytes >> 20} MiB will be sent there" if sent_bytes else ""
        return PreflightError(
            error=f"the disk of {facts.root} is nearly full: "
            f"{facts.engine.root_free_bytes >> 20} MiB are free{sent}",
            try_=f"df -h {facts.root}",
        )
    needed = DISK_RESERVE_BYTES + (0 if image is None or image.present else 3 * image.size_bytes)
    if facts.engine.disk_free_bytes >= needed:
        return None
    return PreflightError(
        error=f"the engine's disk has {facts.engine.disk_free_bytes >> 20} MiB free, "
        f"{needed >> 20} MiB are needed",
        try_="docker system df, then docker image prune",
    )


def _sent_bytes(image: ImageFacts | None) -> int:
    """What is sent layer by layer lies below the root before the engine loads it: at most all."""
    if image is None or image.present or image.way is not Way.SHIP:
        return 0
    return image.size_bytes


def memory(facts: Facts, target: Target) -> ProtostarError | None:
    wanted = target.service.memory_mb
    if wanted is None:
        return None
    needed = (wanted * target.service.replicas + MEMORY_RESERVE_MB) << 20
    if facts.engine.memory_free_bytes >= needed:
        return None
    return PreflightError(
        error=f"a second colour needs {needed >> 20} MiB of memory, "
        f"{facts.engine.memory_free_bytes >> 20} MiB are free",
        try_="docker stats, then stop what is not needed, or lower `replicas`",
    )
