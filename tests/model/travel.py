"""In the model images are pulled by the host's engine: by the other ways nothing may travel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.shell import UnknownCommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import PurePosixPath

    from pyhelpers.hosts.protocol import Line


class NothingTravels:
    """The part of `Host` that the model's deploys have no use for."""

    def append(self, path: PurePosixPath, chunks: Iterable[bytes], *, at: int) -> None:
        raise UnknownCommandError(["append", str(path)])

    def size(self, path: PurePosixPath) -> int | None:
        raise UnknownCommandError(["size", str(path)])

    def exposed(self, handler: Callable[[Line], None]) -> AbstractContextManager[int]:
        raise UnknownCommandError(["exposed"])
