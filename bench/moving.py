"""What a deploy moves over the wire when one layer of 1 MB differs, and what it holds in memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.engine import docker
from bench.output import note
from bench.registry import RegistryContainer
from bench.server import USER
from bench.servers import Servers
from bench.watching import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.watching import Watched

HOST, NAME = "a5", "api"
BASE = "protostar-example/app:v1"
REPOSITORY = "protostar-bench/moved"
SMALL_BYTES, BIG_BYTES = 1_000_000, 1_000_000_000
CHUNK_BYTES = 1 << 20
MB = 1e6
SETTINGS: dict[str, Any] = {
    "host": HOST,
    "image": REPOSITORY,
    "route": "/",
    "drain_s": 0,
    "bake": {"for_s": 0},
    "keep_releases": 2,
}


def measure() -> dict[str, float]:
    """A server without load, so that the interface counts the deploy alone."""
    with tempfile.TemporaryDirectory(prefix="protostar-moving-") as folder, images(Path(folder)):
        place = Servers(Path(folder) / "servers")
        try:
            place.add_server(HOST)
            place.add(NAME, **SETTINGS)
            place.start_gateways()
            return {**_without_registry(place), **_through_tunnel(place)}
        finally:
            place.remove()


def _without_registry(place: Servers) -> dict[str, float]:
    _deploy(place, "v1")
    moved = _counted(place, lambda: _deploy(place, "v2"))
    by_hand = _counted(place, lambda: _saved_and_loaded(place, f"{REPOSITORY}:v2"))
    note(f"no registry: {moved:.2f} MB; docker save | ssh docker load: {by_hand:.1f} MB")
    big = _deploy(place, "big")
    note(f"1 GB without a registry: {big.seconds:.1f} s, {big.peaks.deployer_mb:.0f} MB")
    return {
        "moved_mb_none": moved,
        "moved_mb_save_load": by_hand,
        "big_none_s": big.seconds,
        "big_none_rss_mb": big.peaks.deployer_mb,
    }


def _through_tunnel(place: Servers) -> dict[str, float]:
    with RegistryContainer() as registry:
        for tag in ("v1", "v2", "big"):
            registry.push(f"{REPOSITORY}:{tag}", REPOSITORY, tag)
        place.top["registry"] = {"address": registry.address, "reach": "tunnel"}
        # Another release each, so that what was sent before is not found again under its name.
        place.set_environment(NAME, BY="tunnel")
        _forget_images(place)
        _deploy(place, "v1")
        moved = _counted(place, lambda: _deploy(place, "v2"))
        note(f"through the tunnel: {moved:.2f} MB")
        big = _deploy(place, "big")
        note(f"1 GB through the tunnel: {big.seconds:.1f} s, {big.peaks.deployer_mb:.0f} MB")
    return {
        "moved_mb_tunnel": moved,
        "big_tunnel_s": big.seconds,
        "big_tunnel_rss_mb": big.peaks.deployer_mb,
    }


def _deploy(place: Servers, version: str) -> Watched:
    place.write()
    return watched(place.argv("run", NAME, version), place.environment)


def _counted(place: Servers, act: Callable[[], object]) -> float:
    """Megabytes that the server's interface received meanwhile."""
    server = place.servers[HOST]
    before = server.received_bytes()
    act()
    return (server.received_bytes() - before) / MB


def _saved_and_loaded(place: Servers, image: str) -> None:
    """What people do today."""
    server = place.servers[HOST]
    known = place.folder / "known_hosts"
    key = server.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    known.write_text(f"{server.address} {key}")
    options = ["-F", "none", "-i", str(place.key), "-o", f"UserKnownHostsFile={known}"]
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
        loading = ["ssh", *options, f"{USER}@{server.address}", "docker", "load", "-q"]
        subprocess.run(loading, stdin=saving.stdout, check=True, capture_output=True, timeout=300)


def _forget_images(place: Servers) -> None:
    """The server has none of the small ones; what runs keeps its own."""
    server = place.servers[HOST]
    names = "docker image ls --format '{{.Repository}}:{{.Tag}}'"
    server.sh(f"{names} | grep -e {REPOSITORY} -e protostar-release | xargs -r docker rmi -f")


# --- images that differ in one layer --------------------------------------------------------------


@contextmanager
def images(folder: Path) -> Iterator[None]:
    """The example with a layer of its own on top: two small ones, and one of a gigabyte."""
    sizes = {"v1": SMALL_BYTES, "v2": SMALL_BYTES, "big": BIG_BYTES}
    try:
        for tag, size in sizes.items():
            image_with(folder, f"{REPOSITORY}:{tag}", size)
        yield
    finally:
        docker("image", "rm", "--force", *(f"{REPOSITORY}:{tag}" for tag in sizes))


def image_with(folder: Path, tag: str, size: int) -> None:
    """`BASE` and random bytes, which nothing compresses."""
    context = Path(tempfile.mkdtemp(dir=folder))
    with (context / "pad").open("wb") as pad:
        for left in range(size, 0, -CHUNK_BYTES):
            pad.write(os.urandom(min(left, CHUNK_BYTES)))
    (context / "Dockerfile").write_text(f"FROM {BASE}\nCOPY pad /pad\n")
    docker("build", "-q", "-t", tag, str(context))
    (context / "pad").unlink()
