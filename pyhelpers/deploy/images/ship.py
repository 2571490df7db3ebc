"""`none`: only the layers that the host lacks travel, each from where it stopped, each verified.

Layers go as the engine saves them, so offsets stay true and a cut transfer goes on.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from docker.errors import ImageNotFound

from pyhelpers.deploy.commands import image_tag
from pyhelpers.deploy.facts import Engine
from pyhelpers.deploy.images import commands, layers
from pyhelpers.deploy.images.endings import NO_SPACE, failed, must
from pyhelpers.deploy.images.save import saved
from pyhelpers.deploy.images.send import send_all
from pyhelpers.errors import FailedBeforeSwitch

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from pyhelpers.deploy.images import archive
    from pyhelpers.deploy.model import ImageFacts
    from pyhelpers.deploy.run import Run

LOAD_S = 1800.0
QUICK_S = 30.0


class _NotLoaded(Exception):
    """The host's engine refuses what was sent, or made something else of it."""

    def __init__(self, error: FailedBeforeSwitch) -> None:
        super().__init__(error.error)
        self.error = error
        self.no_space = NO_SPACE in error.error.lower()


def ship(run: Run, image: ImageFacts) -> None:
    """Send what the host lacks and have its engine load it under the release's name.

    Raises `FailedBeforeSwitch` when an engine or a disk refuses, `Unreachable` when the line is
    cut: then what has arrived stays, and the same command goes on from there.
    """
    wanted = _diff_ids(run, image)
    skip = layers.to_skip(wanted, layers.held(wanted, _chains(run)))
    try:
        _send_and_load(run, image, skip)
    except _NotLoaded as problem:
        if not skip or problem.no_space:
            raise _given_up(run, problem) from None
        run.show.note("the engine cannot build on the layers that it has: all of them are sent")
        _all_of_it(run, image)


def _all_of_it(run: Run, image: ImageFacts) -> None:
    try:
        _send_and_load(run, image, frozenset())
    except _NotLoaded as problem:
        raise _given_up(run, problem) from None


def _given_up(run: Run, problem: _NotLoaded) -> FailedBeforeSwitch:
    """What was sent stays for the next attempt; not where the disk is full, for everybody."""
    if problem.no_space:
        rooms = commands.incoming(run.host.root, run.plan.target.name)
        run.guard.run(commands.remove(rooms), deadline_s=QUICK_S)
    return problem.error


def _diff_ids(run: Run, image: ImageFacts) -> tuple[str, ...]:
    with closing(run.sources.own_engine()) as own:
        return tuple(Engine(own).inspect_image(image.reference)["RootFS"]["Layers"])


def _chains(run: Run) -> tuple[tuple[str, ...], ...]:
    found = run.host.run(commands.layer_chains(), deadline_s=QUICK_S)
    return layers.read_chains(found.out)


def _send_and_load(run: Run, image: ImageFacts, skip: frozenset[str]) -> None:
    name = run.plan.target.name
    rooms = commands.incoming(run.host.root, name)
    tag = image_tag(name, run.plan.target.release.id)
    with saved(run, image, skip) as parts:
        room = rooms / parts.config.hex
        _forget_others(run, rooms, room)
        send_all(run, room, parts)
        for file, data in parts.papers(tag).items():
            run.host.put(room / file, data, 0o600)
        _load(run, room)
        _verify(run, tag, parts)
    must(run, run.guard.run(commands.remove(rooms), deadline_s=QUICK_S), f"removing {rooms}")


def _forget_others(run: Run, rooms: PurePosixPath, ours: PurePosixPath) -> None:
    """What an earlier image of this service left when it was cut off."""
    for name in sorted(run.host.names(rooms) - {ours.name}):
        run.guard.run(commands.remove(rooms / name), deadline_s=QUICK_S)


def _load(run: Run, room: PurePosixPath) -> None:
    finished = run.guard.run(commands.load(room), deadline_s=LOAD_S)
    if not finished.ok:
        raise _NotLoaded(failed(run, "docker load", finished))


def _verify(run: Run, tag: str, image: archive.Image) -> None:
    """The classic store's id is the configuration's digest; containerd's is the manifest's."""
    try:
        found = Engine(run.host).inspect_image(tag)
    except ImageNotFound:
        found = {"Id": "nothing", "RootFS": {"Layers": ()}}
    digests = {image.config.digest, _manifest_digest(image, tag)}
    if tuple(found["RootFS"]["Layers"]) == image.diff_ids and found["Id"] in digests:
        return
    run.guard.run(commands.untag(tag), deadline_s=QUICK_S)
    raise _NotLoaded(
        FailedBeforeSwitch(
            error=f"{run.host.name}'s engine made {found['Id'][:19]} of what was sent, "
            f"not {image.config.digest[:19]}",
            try_="docker info; the same command again",
        )
    )


def _manifest_digest(image: archive.Image, tag: str) -> str:
    name = next(iter(image.papers(tag)))
    return f"sha256:{name.rpartition('/')[2]}"
