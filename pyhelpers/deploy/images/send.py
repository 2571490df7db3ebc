"""Files of a saved image to the host: each from where it stopped, each verified by its digest.

The work lock is not held while one is written: a line that is cut unnoticed would hold it, and
with it the next deploy, for as long. The guard is asked before every chunk instead, and who goes
on writes to a file that nobody else has open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.images import archive, commands
from pyhelpers.deploy.images.endings import NO_SPACE, must
from pyhelpers.deploy.images.progress import Meter
from pyhelpers.errors import FailedBeforeSwitch, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import PurePosixPath

    from pyhelpers.deploy.run import Run

CHECK_S = 600.0
QUICK_S = 30.0


def send_all(run: Run, room: PurePosixPath, saved: archive.Image) -> None:
    """What `room` does not have yet. What has arrived stays there when the line is cut.

    Raises `FailedBeforeSwitch` when the host cannot write, or writes something else.
    """
    meter = Meter(run.show.note, run.clock, run.show.interval_s)
    arrived = _arrived(run, room, saved)
    for blob, at in arrived.items():
        meter.expect(blob.size_bytes - at)
    for blob, at in arrived.items():
        _send(run, room, blob, at, meter)
        meter.done()
    run.show.note(meter.text())


def _arrived(run: Run, room: PurePosixPath, saved: archive.Image) -> dict[archive.Blob, int]:
    """Where to go on with each; more than there should be is of no use."""
    there = run.host.names(_folder(room))
    begun = [blob for blob in saved.to_send() if blob.hex in there]
    _renew(run, room, [blob for blob in begun if _size(run, room, blob) != blob.size_bytes])
    sizes = {blob: _size(run, room, blob) for blob in begun}
    return {
        blob: size if (size := sizes.get(blob, 0)) <= blob.size_bytes else 0
        for blob in saved.to_send()
    }


def _size(run: Run, room: PurePosixPath, blob: archive.Blob) -> int:
    return run.host.size(_path(room, blob)) or 0


def _renew(run: Run, room: PurePosixPath, blobs: Sequence[archive.Blob]) -> None:
    if blobs:
        command = commands.renew(room, [_path(room, blob) for blob in blobs])
        must(run, run.guard.run(command, deadline_s=CHECK_S), "cp")


def _folder(room: PurePosixPath) -> PurePosixPath:
    return room / "blobs" / "sha256"


def _path(room: PurePosixPath, blob: archive.Blob) -> PurePosixPath:
    return _folder(room) / blob.hex


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
    run.guard.check()
    try:
        run.host.append(_path(room, blob), _read(run, blob, at, meter), at=at)
    except OSError as problem:
        raise _not_written(run, room, problem.strerror or str(problem)) from None
    except Unreachable as problem:  # a far host tells its full disk so, and a cut line too
        if NO_SPACE not in problem.error.lower():
            raise
        raise _not_written(run, room, NO_SPACE) from None


def _read(run: Run, blob: archive.Blob, at: int, meter: Meter) -> Iterator[bytes]:
    """Each chunk only while the guard is in office: its successor sends into the same room."""
    if blob.file is None:
        raise ValueError("a layer that the host has is not sent")
    try:
        with blob.file.open("rb") as file:
            file.seek(at)
            while chunk := file.read(archive.CHUNK_BYTES):
                run.guard.check()
                yield chunk
                meter.moved(len(chunk))
    except OSError as problem:
        raise FailedBeforeSwitch(
            error=f"this machine cannot read the saved image: {problem.strerror}",
            try_=f"df -h {blob.file.parent}, then the same command again",
        ) from None


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
