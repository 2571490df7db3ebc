"""What the containers of a colour wrote: merged by time, or followed as it comes."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyhelpers.deploy import marker
from pyhelpers.deploy.facts import read_containers
from pyhelpers.deploy.log_stream import BrokeOff, Reader, read_logs
from pyhelpers.errors import PreflightError, ProtostarError, Unreachable
from pyhelpers.hosts.protocol import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyhelpers.deploy.log_stream import Line
    from pyhelpers.deploy.model import Colour
    from pyhelpers.deploy.site import Site
    from pyhelpers.hosts.protocol import Channel, Host

# Whoever reads slower than the containers write holds them back; nothing piles up here.
WAITING_LINES = 1000
# What is not followed comes at once; an engine that is silent for so long hangs.
SILENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Source:
    """A container, and where it runs."""

    host: Host
    container: str
    name: str


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


def written(sources: Sequence[Source], tail: int) -> list[Line]:
    """The last `tail` lines of each, in the order of time.

    Raises `Unreachable` when a line to an engine is cut.
    """
    lines = [line for each in _by_host(sources) for line in _said(each, tail, follow=False)]
    return sorted(lines, key=lambda line: line.at)  # stable: of one container they are in order


def followed(sources: Sequence[Source], tail: int) -> Iterator[Line]:
    """The same, and on, as it comes, until all of them have stopped.

    Raises `Unreachable` when a line to an engine is cut.
    """
    lines: queue.Queue[Line | ProtostarError | None] = queue.Queue(WAITING_LINES)
    hosts = _by_host(sources)
    for each in hosts:
        # A daemon: it listens to containers that may say nothing for hours.
        threading.Thread(target=_pump, args=(each, tail, lines), daemon=True).start()
    open_ones = len(hosts)
    while open_ones:
        line = lines.get()
        if isinstance(line, ProtostarError):
            raise line
        if line is None:
            open_ones -= 1
        else:
            yield line


def _by_host(sources: Sequence[Source]) -> list[dict[int, Source]]:
    """The sources of each host, by their place among all."""
    hosts: dict[str, dict[int, Source]] = {}
    for number, source in enumerate(sources):
        hosts.setdefault(source.host.name, {})[number] = source
    return list(hosts.values())


def _pump(
    sources: dict[int, Source], tail: int, lines: queue.Queue[Line | ProtostarError | None]
) -> None:
    try:
        for line in _said(sources, tail, follow=True):
            lines.put(line)
        lines.put(None)
    except ProtostarError as problem:
        lines.put(problem)


def _said(sources: dict[int, Source], tail: int, *, follow: bool) -> Iterator[Line]:
    """Of containers of one host, over one channel."""
    numbers, (first, *_) = list(sources), sources.values()
    containers = [source.container for source in sources.values()]
    channel = first.host.start(read_logs(containers, tail, follow=follow))
    try:
        for line in _lines(channel, len(containers), None if follow else SILENCE_S):
            yield replace(line, source=numbers[line.source])
    except BrokeOff as problem:
        raise _broke_off(sources[numbers[problem.number]], str(problem)) from None
    except ChannelClosed:
        raise _broke_off(first, "the connection was cut") from None
    finally:
        channel.close()


def _lines(channel: Channel, containers: int, silence_s: float | None) -> Iterator[Line]:
    reader = Reader(containers)
    while reader.open_ones:
        piece = channel.receive(silence_s or SILENCE_S)
        if piece is None and silence_s is not None:
            raise ChannelClosed
        line = None if piece is None else reader.read(piece)
        if line is not None:
            yield line


def _broke_off(source: Source, why: str) -> Unreachable:
    return Unreachable(
        error=f"{source.host.name}: the logs of {source.name} broke off: {why}",
        state="",
        try_="the same command again",
    )
