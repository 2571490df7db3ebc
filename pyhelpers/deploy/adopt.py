"""Taking over what already runs, and settling a marker that is missing or double."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

from docker.errors import NotFound

from pyhelpers.deploy import commands, history, marker
from pyhelpers.deploy.compose_file import file_mode
from pyhelpers.deploy.facts import Engine, read_containers, read_history
from pyhelpers.deploy.images.find import image_here
from pyhelpers.deploy.pipeline import new_id
from pyhelpers.deploy.polling import NotInTime, poll
from pyhelpers.deploy.preflight import STATE_FORMAT
from pyhelpers.deploy.release import release_of
from pyhelpers.deploy.site import release_files
from pyhelpers.errors import PreflightError
from pyhelpers.hosts.lock import hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.deploy.model import Colour, Release
    from pyhelpers.deploy.site import Site

ANSWER_S = 10.0
QUICK_S = 20.0


def adopt(site: Site, colour: Colour, names: Sequence[str], who: str) -> str:
    """Declare that `colour` is live; `names` are containers that become it. Returns their release.

    Raises `PreflightError` when another colour is live and well, or when this one does not answer
    through the gateway: then no marker is moved, and what was connected is let go again.
    """
    room = site.host.root / "guard" / site.name
    _refuse_to_move(site, colour, names)
    _do(site, ["mkdir", "-p", "--", str(room)])
    # Environment files and secrets will be in there: for their owner alone, as the guard makes it.
    _do(site, ["install", "-d", "-m", "700", "--", str(site.host.root / "releases")])
    with hold(site.host, room / "lock", shared=False, wait_s=2) as lock:
        connected: list[str] = []
        try:
            for name in names:
                connected.append(_connect(site, colour, name))  # noqa: PERF401 - the undo needs it
            _must_answer(site, colour)
            release = _release(site, colour, connected)
        except BaseException:
            for container in connected:
                site.host.run(_disconnecting(site, container), deadline_s=QUICK_S)
            raise
        lock.check()  # connecting and answering took their time
        _note_adopted(site, colour, connected)
        _record(site, colour, release, who)
        _set_marker(site, colour)
    return release.id


def _refuse_to_move(site: Site, colour: Colour, names: Sequence[str]) -> None:
    """Traffic is moved by a deploy, not by this: it only names what is live already.

    A container more under the live colour's name would have a share of its traffic at once.
    """
    live = marker.markers_in(site.host.names(site.host.root / "live"), site.name)
    strangers = [name for name in names if not _has_name(site, colour, _found(site, name))]
    moves = live == {colour.other} or (live == {colour} and strangers)
    if moves and site.gateway.live().ok:
        raise PreflightError(
            error=f"{commands.project(site.name, next(iter(live)))} is live and answers",
            try_=f"protostar deploy run {site.name} VERSION",
        )


def _do(site: Site, argv: Sequence[str]) -> None:
    done = site.host.run(argv, deadline_s=QUICK_S)
    if not done.ok:
        raise PreflightError(
            error=f"`{' '.join(argv)}` failed: {done.err.strip()}", try_="docker ps -a"
        )


def _disconnecting(site: Site, container: str) -> list[str]:
    return ["docker", "network", "disconnect", site.settings.network, container]


def _found(site: Site, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = Engine(site.host).inspect_container(name)
    except NotFound:
        raise PreflightError(
            error=f"there is no container `{name}`", try_="docker ps --format '{{.Names}}'"
        ) from None
    return found


def _endpoint(site: Site, found: dict[str, Any]) -> dict[str, Any] | None:
    endpoint: dict[str, Any] | None = found["NetworkSettings"]["Networks"].get(
        site.settings.network
    )
    return endpoint


def _has_name(site: Site, colour: Colour, found: dict[str, Any]) -> bool:
    endpoint = _endpoint(site, found) or {}
    return commands.project(site.name, colour) in (endpoint.get("Aliases") or [])


def _connect(site: Site, colour: Colour, name: str) -> str:
    """The container's id, once it answers to the colour's name on the gateway's network."""
    found = _found(site, name)
    alias, network = commands.project(site.name, colour), site.settings.network
    container: str = found["Id"]
    if _has_name(site, colour, found):
        return container
    if _endpoint(site, found) is not None:
        # An alias can only be given when connecting, and to disconnect would cut who uses it.
        raise PreflightError(
            error=f"{name} is on {network} already, without the name {alias}",
            try_=f"docker network disconnect {network} {name}",
        )
    _do(site, ["docker", "network", "connect", "--alias", alias, network, name])
    return container


def _note_adopted(site: Site, colour: Colour, ids: Sequence[str]) -> None:
    if ids:
        path = site.host.root / "adopted" / f"{site.name}.{colour}"
        site.host.put(path, ("\n".join(ids) + "\n").encode())


def _must_answer(site: Site, colour: Colour) -> None:
    try:
        poll(lambda: site.gateway.probe(colour), lambda a: a.ok, every_s=0.1, deadline_s=ANSWER_S)
    except NotInTime:
        raise PreflightError(
            error=f"{commands.project(site.name, colour)} does not answer "
            f"{site.service.ready.path} on port {site.service.port} through the gateway",
            state="no marker was moved",
            try_="docker ps, then name the container that serves with --container",
        ) from None


def _release(site: Site, colour: Colour, adopted: Sequence[str]) -> Release:
    """The release that runs there: recorded, or made of its image and today's configuration."""
    containers = read_containers(site.host, site.name, site.settings.network)
    ours = [c for c in containers if c.colour is colour and c.running]
    known = {r.release.id: r.release for r in read_history(site.host, site.name)}
    if ours and ours[0].release in known:
        return known[ours[0].release]
    if not adopted and not ours:
        raise PreflightError(
            error=f"what answers as {commands.project(site.name, colour)} was not started by "
            "Protostar, and no container is named",
            try_=f"protostar deploy adopt {site.name} --colour {colour} --container NAME",
        )
    first = adopted[0] if adopted else ours[0].id
    image_id = Engine(site.host).inspect_container(first)["Image"]
    return _keep_release(site, image_id)


def _keep_release(site: Site, image_id: str) -> Release:
    """So that a rollback can start it again: its image under our name, its folder on the host."""
    files = release_files(site)
    image = image_here(site.host, image_id)
    if image is None:
        raise PreflightError(error=f"the image {image_id} is gone", try_="docker image ls")
    release = release_of(image, "adopted", files)
    folder = commands.release_folder(site.host.root, site.name, release.id)
    for name, data in files.items():
        site.host.put(folder / name, data, file_mode(name))
    _do(site, commands.tag(image_id, site.name, release.id))
    return release


def _record(site: Site, colour: Colour, release: Release, who: str) -> None:
    root = site.host.root
    path = root / "history" / f"{site.name}.jsonl"
    now = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    record = history.adoption(new_id(), now, who, colour, release)
    before = site.host.read(path, 1 << 30) or b""
    separator = b"" if not before or before.endswith(b"\n") else b"\n"
    site.host.put(path, before + separator + json.dumps(record).encode() + b"\n")
    site.host.put(root / "format", f"{STATE_FORMAT}\n".encode())


def _set_marker(site: Site, colour: Colour) -> None:
    """The wanted one first: between the two steps both are there, and nginx takes one of them."""
    root = site.host.root
    site.host.put(marker.path(root, site.name, colour), b"")
    other = marker.path(root, site.name, colour.other)
    intent = root / "guard" / site.name / "intent"
    _do(site, ["rm", "-f", "--", str(other), str(intent)])
