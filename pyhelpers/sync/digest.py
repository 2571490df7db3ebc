"""One short name for a whole configuration, the same here and on the host. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.sync.model import Files, Listing

LENGTH = 12
NGINX_DIGEST = "digest.conf"


def listing_of(files: Files) -> Listing:
    return {
        name: (file.mode, hashlib.sha256(file.data).hexdigest()) for name, file in files.items()
    }


def digest_of(listing: Listing) -> str:
    """Over names, modes and contents. What a host lists of an untouched release gives its name."""
    lines = (f"{mode:o} {content} {name}\n" for name, (mode, content) in sorted(listing.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:LENGTH]


def with_digest(nginx: Mapping[str, bytes]) -> dict[str, bytes]:
    """The nginx files and one that names them: nginx answers with it which of them it has loaded.

    `$pid` is a variable in http and in stream; with `default` alone its value does not matter.
    """
    named = {name: data for name, data in nginx.items() if name != NGINX_DIGEST}
    digest = hashlib.sha256()
    for name in sorted(named):
        digest.update(f"{name}\0{len(named[name])}\0".encode() + named[name])
    value = digest.hexdigest()[:LENGTH]
    text = f'# Made by `protostar sync`.\nmap $pid $config_digest {{ default "{value}"; }}\n'
    return {**named, NGINX_DIGEST: text.encode()}


def nginx_digest(files: Files) -> str:
    """What the nginx of this configuration has to answer; empty without one."""
    file = files.get(f"nginx/{NGINX_DIGEST}")
    return file.data.decode().rsplit('"', 2)[-2] if file else ""
