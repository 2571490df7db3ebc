"""A step as people see it: begun, then ended or failed after so many seconds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from contextlib import AbstractContextManager


class Named(Protocol):
    @property
    def name(self) -> str: ...


S_contra = TypeVar("S_contra", bound=Named, contravariant=True)
S = TypeVar("S", bound=Named)


class Shows(Protocol[S_contra]):
    """What shows steps to a person: see console.steps_view."""

    def begin(self, step: S_contra, /) -> None: ...
    def end(self, step: S_contra, seconds: float, /) -> None: ...
    def fail(self, step: S_contra, seconds: float, /) -> None: ...


class Notes(Shows[S_contra], Protocol[S_contra]):
    """Also takes a word about the step under way."""

    def note(self, text: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Step:
    """`name` is short, `what` says what exactly."""

    name: str
    what: str


@contextmanager
def timed(
    show: Shows[S], step: S, seconds: MutableMapping[str, float], monotonic: Callable[[], float]
) -> Iterator[None]:
    """Show the step while it is done, and keep in `seconds` how long it took when it ended well."""
    show.begin(step)
    began_s = monotonic()
    try:
        yield
    except BaseException:
        show.fail(step, monotonic() - began_s)
        raise
    seconds[step.name] = round(monotonic() - began_s, 3)
    show.end(step, seconds[step.name])


def showing(
    show: Shows[S], step: S, monotonic: Callable[[], float]
) -> AbstractContextManager[None]:
    """Show the step while it is done; how long it took is kept by nobody."""
    return timed(show, step, {}, monotonic)
