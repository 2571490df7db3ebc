"""What is typed on a host to bring an image there, as token lists. Nothing here runs anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

# One command, so that a deployer that dies in between leaves no name with a port of its own. The
# name goes in any case; what `docker pull` said stays the last that was said.
PULL = (
    'docker pull --quiet "$1" >/dev/null && docker tag "$1" "$2"; s=$?; '
    'docker image rm "$1" >/dev/null 2>&1; exit $s'
)
# Of containers too: containerd's store hides an image whose layers it took from another one, also
# after a pull of its own. An image that goes in the meantime makes `inspect` fail; the others are
# told all the same.
CHAINS = (
    "{ docker image ls --all --quiet --no-trunc; docker ps --all --quiet --no-trunc | "
    "xargs -r docker container inspect --format '{{.Image}}'; } | sort -u | "
    "xargs -r docker image inspect --format '{{json .RootFS.Layers}}' || true"
)
ARCHIVE = "blobs index.json manifest.json oci-layout"
LOAD = f'tar -C "$1" -cf - {ARCHIVE} | docker load --quiet'
# A file that another deployer may still have open becomes one that only we have: what comes late
# goes nowhere. Where there is no room for the copy, that file is sent from its beginning.
RENEW = (
    'room=$1; shift; for file; do cp -- "$file" "$room/renewed" && '
    'mv -f -- "$room/renewed" "$file" || rm -f -- "$file"; done; rm -f -- "$room/renewed"'
)
FREE = 'df -PB1 "$1" | awk "NR==2{print \\$4}"'


def pull_as(source: str, tag: str) -> list[str]:
    """Pull by a name that is good for this run only, and keep the image under `tag`."""
    return ["sh", "-c", PULL, "pull", source, tag]


def layer_chains() -> list[str]:
    """The diff ids of each image, a JSON list a line."""
    return ["sh", "-c", CHAINS]


def incoming(root: PurePosixPath, service: str) -> PurePosixPath:
    """By service: its guard keeps two deploys from sending into one folder."""
    return root / "incoming" / service


def load(folder: PurePosixPath) -> list[str]:
    return ["sh", "-c", LOAD, "load", str(folder)]


def renew(room: PurePosixPath, files: Iterable[PurePosixPath]) -> list[str]:
    return ["sh", "-c", RENEW, "renew", str(room), *map(str, files)]


def checksum(file: PurePosixPath) -> list[str]:
    return ["sha256sum", "--", str(file)]


def remove(path: PurePosixPath) -> list[str]:
    return ["rm", "-rf", "--", str(path)]


def free_bytes(folder: PurePosixPath) -> list[str]:
    return ["sh", "-c", FREE, "free", str(folder)]


def untag(name: str) -> list[str]:
    return ["docker", "image", "rm", name]
