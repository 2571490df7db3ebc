"""`script/bench soak`: a hundred deploys in a row over SSH; nothing may grow on either side.

Each deploy is of an image that was never there before, so that each is sent, kept for a while and
pruned. The first look is after the history is as long as it may become useful: see `WARM`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.engine import build_example, docker
from bench.load import Options
from bench.moving import image_with
from bench.output import Figure, note
from bench.server import ROOT
from bench.servers import Servers
from bench.stage import still_loading, under_load
from bench.watching import MB, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.output import Value
    from bench.watching import Watched

DEPLOYS = 100
HOST, NAME, REPOSITORY = "a5", "api", "protostar-bench/soak"
RATE = 20
LAYER_BYTES = 100_000
TEMPORARY = "tmp"
KEEP = 3
# From here on as many releases are kept as will ever be.
WARM = 10
SETTINGS: dict[str, Any] = {
    "host": HOST,
    "image": REPOSITORY,
    "route": "/",
    "environment": {"READY_AFTER_S": "0.1"},
    "drain_s": 1.5,
    "stop_grace_s": 3,
    "bake": {"for_s": 0},
    "verify": {"answers": 5},
    "keep_releases": KEEP,
}
# What the server is asked, in one go, so that the looks disturb each other little.
LOOK = f"""
set -e
anonymous_kib='/^RssAnon/ {{ kib += $2 }} END {{ print kib * 1024 / 1e6 }}'
echo host_rss_mb $(cat /proc/[0-9]*/status 2>/dev/null | awk "$anonymous_kib")
echo host_fds $(ls -d /proc/[0-9]*/fd/* 2>/dev/null | wc -l)
echo host_processes $(ls -d /proc/[0-9]* | wc -l)
echo host_containers $(docker ps -aq | wc -l)
echo host_images $(docker image ls -aq | sort -u | wc -l)
echo host_networks $(docker network ls -q | wc -l)
echo host_disk_mb $(du -sm /var/lib/docker {ROOT} | awk '{{ mb += $1 }} END {{ print mb }}')
"""
MEASURED = {
    "deployer_rss_mb": "peak memory of the deployer",
    "deployer_fds": "files that it has open at most",
    "deployer_disk_mb": "what it has left in its temporary folder",
    "deployer_containers": "on its own engine, the stopped ones too",
    "deployer_images": "on its own engine, the unnamed ones too",
    "deployer_networks": "on its own engine",
    "host_rss_mb": "memory of the server's processes, its containers' too",
    "host_fds": "files that all of them have open",
    "host_processes": "processes on the server",
    "host_containers": "containers, the stopped ones too",
    "host_images": "images, the unnamed ones too",
    "host_networks": "networks",
    "host_disk_mb": "below /var/lib/docker and /srv/protostar",
}

# What a deploy leaves as it was to the last one.
COUNTED = ("containers", "images", "networks")


def figures_of(key: str, what: str) -> Iterator[Figure]:
    flat = f"{key}_first" if key.endswith(COUNTED) else ""
    yield Figure(f"{key}_first", f"{what}; deploy {WARM}")
    yield Figure(f"{key}_last", f"{what}; the last deploy", same_as=flat)


FIGURES = (
    Figure("deploys", "in a row over SSH, each of an image that was never there"),
    Figure("requests", "through the gateway meanwhile"),
    Figure("failed", "of them failed", most=0),
    *(figure for key, what in MEASURED.items() for figure in figures_of(key, what)),
)


def measure(rounds: int | None) -> dict[str, Value]:
    """`rounds`: how many deploys in all, at least two."""
    deploys = max(2, rounds or DEPLOYS)
    build_example("app", "1")
    with tempfile.TemporaryDirectory(prefix="protostar-soak-") as folder:
        place = Servers(Path(folder) / "servers")
        try:
            place.add_server(HOST)
            place.add(NAME, **SETTINGS)
            place.start_gateways()
            (place.folder / TEMPORARY).mkdir()
            return _soak(place, Path(folder), deploys)
        finally:
            place.remove()


def _soak(place: Servers, folder: Path, deploys: int) -> dict[str, Value]:
    _deploy(place, folder, 0)
    first_at = min(WARM, deploys - 1)
    looks = {}
    with under_load(Options(place.url(HOST), RATE, seconds=3600)) as load:
        for number in range(1, deploys + 1):
            done = _deploy(place, folder, number)
            still_loading(load)
            if number in (first_at, deploys):
                looks["first" if number == first_at else "last"] = _look(place, done)
        report = load.stop().report
    both = {f"{key}_{when}": look[key] for key in MEASURED for when, look in looks.items()}
    return {"deploys": deploys, "requests": report.requests, "failed": report.failed, **both}


def _deploy(place: Servers, folder: Path, number: int) -> Watched:
    version = f"v{number}"
    image_with(folder, f"{REPOSITORY}:{version}", LAYER_BYTES)
    try:
        env = {**place.environment, "TMPDIR": str(place.folder / TEMPORARY)}
        done = watched(place.argv("run", NAME, version), env)
    finally:
        docker("image", "rm", "--force", f"{REPOSITORY}:{version}")
    if number % 10 == 0:
        note(f"{number} deploys, the last in {done.seconds:.1f} s")
    return done


def _look(place: Servers, done: Watched) -> dict[str, float]:
    told = (line.split() for line in place.servers[HOST].sh(LOOK).splitlines())
    return {
        "deployer_rss_mb": done.peaks.deployer_mb,
        "deployer_fds": done.peaks.files,
        "deployer_disk_mb": disk_mb(place.folder / TEMPORARY),
        "deployer_containers": len(docker("ps", "-aq").split()),
        "deployer_images": len(set(docker("image", "ls", "-aq").split())),
        "deployer_networks": len(docker("network", "ls", "-q").split()),
        **{key: float(value) for key, value in told},
    }


def disk_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MB
