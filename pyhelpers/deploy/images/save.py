"""This machine's engine saves an image: as files on disk, of which no crash leaves gigabytes."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import DockerException
from requests import RequestException

from pyhelpers.deploy.images import archive
from pyhelpers.deploy.images.workroom import workroom
from pyhelpers.errors import FailedBeforeSwitch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.deploy.model import ImageFacts
    from pyhelpers.deploy.run import Run


@contextmanager
def saved(run: Run, image: ImageFacts, skip: frozenset[str]) -> Iterator[archive.Image]:
    """Its files are there as long as the block lasts. /tmp may be memory, /var/tmp is not.

    Raises `FailedBeforeSwitch` when the engine or the disk refuses.
    """
    where = Path(os.environ.get("TMPDIR", "/var/tmp"))  # noqa: S108 - a folder of our own is made in it
    run.show.note("this machine's engine saves the image")
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(workroom(where))
            image_there = _unpacked(run, image, folder, skip)
        except OSError as problem:
            raise _not_kept(where, problem) from None
        yield image_there


def _unpacked(run: Run, image: ImageFacts, folder: Path, skip: frozenset[str]) -> archive.Image:
    try:
        with closing(run.sources.own_engine()) as own:
            chunks = own.docker().api.get_image(image.reference, archive.CHUNK_BYTES)
            return archive.unpack(chunks, folder, skip)
    except archive.ArchiveError as problem:
        raise FailedBeforeSwitch(error=str(problem), try_="docker system df") from None
    except (DockerException, RequestException) as problem:
        raise FailedBeforeSwitch(
            error=f"this machine's engine does not save the image ({type(problem).__name__})",
            try_="docker info",
        ) from None


def _not_kept(where: Path, problem: OSError) -> FailedBeforeSwitch:
    return FailedBeforeSwitch(
        error=f"this machine cannot keep the saved image: {problem.strerror}",
        try_=f"df -h {where}   # or another folder in TMPDIR",
    )
