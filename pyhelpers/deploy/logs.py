"""What the containers of a colour wrote: merged by time, or followed as it comes."""

from __future__ import annotations

import heapq
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docker.errors import DockerException, NotFound
from requests import RequestException
from urllib3.exceptions import HTTPError

from pyhelpers.deploy import marker
from pyhelpers.deploy.facts import Engine, read_containers
from pyhelpers.errors import PreflightError, ProtostarError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyhelpers.deploy.model import Colour
    from pyhelpers.deploy.site import Site
    from pyhelpers.hosts.protocol import Host

# Whoever reads slower than the containers write holds them back; nothing piles up here.
WAITING_LINES = 1000
BROKEN = (DockerException, RequestException, HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class Source:
    """A container, and where it runs."""

    host: Host
    container: str
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """As the engine stamped it; `source` is its place among those that are read."""

    at: str
    source: int
    text: str


def sources_of(site: Site, colour: Colour | None) -> list[Source]:
    """The containers of `colour`, None: of the live one; stopped ones too, their words are left.

    Raises `PreflightError` when there are none, `Unreachable` when the engine does not answer.
    """
    wanted = colour or _live(site)
    found = read_containers(site.host, site.name, site.settings.network)
    sources = [Source(site.host, c.id, c.name) for c in found if c.colour is wanted]
    if not sources:
        raise _none(site, f"there is no container of {site.name}-{wanted}")
    return sorted(sources, key=lambda source: source.name)


def _live(site: Site) -> Colour:
    markers = marker.markers_in(site.host.names(site.host.root / "live"), site.name)
    if len(markers) != 1:
        raise _none(site, f"{'no' if not markers else 'not one'} colour of {site.name} is live")
    return next(iter(markers))


def _none(site: Site, what: str) -> PreflightError:
    return PreflightError(
        error=f"{site.host.name}: {what}", try_=f"protostar deploy status {site.name}"
    )


def written(sources: Sequence[Source], tail: int) -> Iterator[Line]:
    """The last `tail` lines of each, in the order of time; none is held but one of each."""
    return heapq.merge(*(_lines(each, n, tail) for n, each in enumerate(sources)))


def followed(sources: Sequence[Source], tail: int) -> Iterator[Line]:
    """The same, and on, as it comes, until all of them have stopped.

    Raises `Unreachable` when a line to an engine is cut.
    """
    lines: queue.Queue[Line | ProtostarError | None] = queue.Queue(WAITING_LINES)
    for number, source in enumerate(sources):
        # A daemon: it listens to a container that may say nothing for hours.
        threading.Thread(target=_pump, args=(source, number, tail, lines), daemon=True).start()
    open_ones = len(sources)
    while open_ones:
        line = lines.get()
        if isinstance(line, ProtostarError):
            raise line
        if line is None:
            open_ones -= 1
        else:
            yield line


def _pump(
    source: Source, number: int, tail: int, lines: queue.Queue[Line | ProtostarError | None]
) -> None:
    try:
        for line in _lines(source, number, tail, follow=True):
            lines.put(line)
        lines.put(None)
    except ProtostarError as problem:
        lines.put(problem)


def _lines(source: Source, number: int, tail: int, *, follow: bool = False) -> Iterator[Line]:
    try:
        chunks = Engine(source.host).logs(
            source.container, stream=True, follow=follow, tail=tail, timestamps=True
        )
        for text in split(chunks):
            at, _, said = text.partition(" ")
            yield Line(at, number, said)
    except NotFound:  # a deploy has removed it meanwhile
        return
    except BROKEN as problem:
        raise Unreachable(
            error=f"{source.host.name}: the logs of {source.name} broke off "
            f"({type(problem).__name__})",
            state="",
            try_="the same command again",
        ) from None


def split(chunks: Iterable[bytes]) -> Iterator[str]:
    """Whole lines, whatever the chunks."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")
