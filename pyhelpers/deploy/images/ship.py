"""`none`: only the layers that the host lacks travel, each from where it stopped, each verified.

Layers go as the engine saves them, raw: offsets stay true, so a cut transfer goes on.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import DockerException
from requests import RequestException

from pyhelpers.deploy.commands import image_tag
from pyhelpers.deploy.facts import Engine
from pyhelpers.deploy.images import archive, commands, layers
from pyhelpers.deploy.images.endings import NO_SPACE, failed, must
from pyhelpers.deploy.images.progress import Meter
from pyhelpers.errors import FailedBeforeSwitch, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from pyhelpers.deploy.model import ImageFacts
    from pyhelpers.deploy.run import Run
    from pyhelpers.hosts.protocol import Finished

CHECK_S = 600.0
LOAD_S = 1800.0
QUICK_S = 30.0


class _NotLoaded(Exception):
    """The host's engine refuses what was sent."""

    def __init__(self, finished: Finished) -> None:
        super().__init__(finished.err)
        self.finished = finished


def ship(run: Run, image: ImageFacts) -> None:
    """Send what the host lacks and have its engine load it under the release's name.

    Raises `FailedBeforeSwitch` when an engine or a disk refuses, `Unreachable` when the line is
    cut: then what has arrived stays, and the same command goes on from there.
    """
    wanted = _diff_ids(run, image)
    held = layers.held(wanted, _chains(run))
    try:
        _send_and_load(run, image, layers.to_skip(wanted, held))
    except _NotLoaded as problem:
        if not held:
            raise failed(run, "docker load", problem.finished) from None
        run.show.note("the engine cannot build on the layers that it has: all of them are sent")
        _all_of_it(run, image)


def _all_of_it(run: Run, image: ImageFacts) -> None:
    try:
        _send_and_load(run, image, frozenset())
    except _NotLoaded as problem:
        raise failed(run, "docker load", problem.finished) from None


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
    with _saved(run, image, skip) as saved:
        room = rooms / saved.config.hex
        _forget_others(run, rooms, room)
        _send_all(run, room, saved)
        for file, data in saved.papers(tag).items():
            run.host.put(room / file, data, 0o600)
        _load(run, room)
        _verify(run, tag, saved)
    must(run, run.guard.run(commands.remove(rooms), deadline_s=QUICK_S), f"removing {rooms}")


@contextmanager
def _saved(run: Run, image: ImageFacts, skip: frozenset[str]) -> Iterator[archive.Image]:
    """In a folder on disk, as long as the block lasts. /tmp may be memory, /var/tmp is not."""
    where = os.environ.get("TMPDIR", "/var/tmp")  # noqa: S108 - a folder of our own is made in it
    run.show.note("this machine's engine saves the image")
    with tempfile.TemporaryDirectory(prefix="protostar-", dir=where) as folder:
        yield _unpacked(run, image, Path(folder), skip)


def _unpacked(run: Run, image: ImageFacts, folder: Path, skip: frozenset[str]) -> archive.Image:
    try:
        with closing(run.sources.own_engine()) as own:
            chunks = own.docker().api.get_image(image.reference, archive.CHUNK_BYTES)
            return archive.unpack(chunks, folder, skip)
    except archive.ArchiveError as problem:
        raise FailedBeforeSwitch(error=str(problem), try_="docker system df") from None
    except OSError as problem:
        if isinstance(problem, RequestException):
            raise _engine_stopped(problem) from None
        raise FailedBeforeSwitch(
            error=f"this machine cannot keep the saved image: {problem.strerror}",
            try_=f"df -h {folder.parent}   # or another folder in TMPDIR",
        ) from None
    except DockerException as problem:
        raise _engine_stopped(problem) from None


def _engine_stopped(problem: Exception) -> FailedBeforeSwitch:
    return FailedBeforeSwitch(
        error=f"this machine's engine does not save the image ({type(problem).__name__})",
        try_="docker info",
    )


def _forget_others(run: Run, rooms: PurePosixPath, ours: PurePosixPath) -> None:
    """What an earlier image of this service left when it was cut off."""
    for name in sorted(run.host.names(rooms) - {ours.name}):
        run.guard.run(commands.remove(rooms / name), deadline_s=QUICK_S)


# --- sending ---------------------------------------------------------------------------------


def _send_all(run: Run, room: PurePosixPath, saved: archive.Image) -> None:
    meter = Meter(run.show.note, run.clock, run.show.interval_s)
    blobs = [(blob, _arrived_bytes(run, room, blob)) for blob in saved.to_send()]
    for blob, at in blobs:
        meter.expect(blob.size_bytes - at)
    for blob, at in blobs:
        run.guard.check()
        _send(run, room, blob, at, meter)
        meter.done()
    run.show.note(meter.text())


def _arrived_bytes(run: Run, room: PurePosixPath, blob: archive.Blob) -> int:
    """Where to go on. More than there should be is of no use."""
    size = run.host.size(_path(room, blob)) or 0
    return size if size <= blob.size_bytes else 0


def _path(room: PurePosixPath, blob: archive.Blob) -> PurePosixPath:
    return room / "blobs" / "sha256" / blob.hex


def _send(run: Run, room: PurePosixPath, blob: archive.Blob, at: int, meter: Meter) -> None:
    """A blob that arrived corrupt on top of an earlier part is sent once more, whole."""
    _append(run, room, blob, at, meter)
    if _is_whole(run, room, blob):
        return
    must(run, run.guard.run(commands.remove(_path(room, blob)), deadline_s=QUICK_S), "rm")
    if at:
        run.show.note(f"what an earlier transfer left of {blob.digest[:19]} was corrupt: again")
        _send(run, room, blob, 0, meter)
        return
    raise FailedBeforeSwitch(
        error=f"layer {blob.digest[:19]} arrived corrupt on {run.host.name}; it was removed",
        try_="the same command again; is that machine's disk or memory failing?",
    )


def _append(run: Run, room: PurePosixPath, blob: archive.Blob, at: int, meter: Meter) -> None:
    if at == blob.size_bytes and at:
        return
    try:
        run.host.append(_path(room, blob), _read(blob, at, meter), at=at)
    except OSError as problem:
        raise _not_written(run, room, problem.strerror or str(problem)) from None
    except Unreachable as problem:  # a far host tells its full disk so, and a cut line too
        if NO_SPACE not in problem.error.lower():
            raise
        raise _not_written(run, room, NO_SPACE) from None


def _read(blob: archive.Blob, at: int, meter: Meter) -> Iterator[bytes]:
    if blob.file is None:
        raise ValueError("a layer that the host has is not sent")
    with blob.file.open("rb") as file:
        file.seek(at)
        while chunk := file.read(archive.CHUNK_BYTES):
            yield chunk
            meter.moved(len(chunk))


def _not_written(run: Run, room: PurePosixPath, why: str) -> FailedBeforeSwitch:
    """A full disk is everybody's on that host: what was sent is taken away again."""
    free = run.host.run(commands.free_bytes(run.host.root), deadline_s=QUICK_S).out.strip()
    run.guard.run(commands.remove(room), deadline_s=QUICK_S)
    left = f"; {int(free) >> 20} MiB were free" if free.isdigit() else ""
    return FailedBeforeSwitch(
        error=f"{run.host.name} cannot write the image: {why}{left}; what had arrived was removed",
        try_=f"df -h {run.host.root} on {run.host.name}, then `docker system df` there",
    )


def _is_whole(run: Run, room: PurePosixPath, blob: archive.Blob) -> bool:
    found = run.guard.run(commands.checksum(_path(room, blob)), deadline_s=CHECK_S)
    return found.ok and found.out.split(" ")[0] == blob.hex


# --- loading ---------------------------------------------------------------------------------


def _load(run: Run, room: PurePosixPath) -> None:
    finished = run.guard.run(commands.load(room), deadline_s=LOAD_S)
    if not finished.ok:
        raise _NotLoaded(finished)


def _verify(run: Run, tag: str, saved: archive.Image) -> None:
    """The classic store's id is the configuration's digest; containerd's is the manifest's."""
    found = Engine(run.host).inspect_image(tag)
    digests = {saved.config.digest, _manifest_digest(saved, tag)}
    if tuple(found["RootFS"]["Layers"]) == saved.diff_ids and found["Id"] in digests:
        return
    run.guard.run(commands.untag(tag), deadline_s=QUICK_S)
    raise FailedBeforeSwitch(
        error=f"{run.host.name}'s engine made {found['Id'][:19]} of what was sent, "
        f"not {saved.config.digest[:19]}",
        try_="docker info; the same command again",
    )


def _manifest_digest(saved: archive.Image, tag: str) -> str:
    name = next(iter(saved.papers(tag)))
    return f"sha256:{name.rpartition('/')[2]}"
