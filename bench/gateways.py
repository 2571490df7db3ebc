"""The gateways that `script/bench marker` compares, side by side on one network."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import gateway_conf
from bench.engine import LABEL, docker
from bench.installation import Installation
from pyhelpers.deploy.model import Colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

NGINX = "protostar/nginx:1.30"
GATEWAYS_CORE = "0"


def _nothing() -> None:
    """A gateway that is never switched."""


@dataclass(slots=True)
class Gateway:
    """A running gateway, how it is switched, and how often it was."""

    container: str
    switch: Callable[[], None] = _nothing
    switches: int = 0

    def turn(self) -> None:
        self.switch()
        self.switches += 1


def others_core() -> str:
    """A core for upstream and load beside the gateway's; on a machine with one, the same."""
    return str(min(1, (os.cpu_count() or 1) - 1))


@contextmanager
def gateways() -> Iterator[tuple[str, dict[str, Gateway]]]:
    """The network, and the gateways by name. Nothing of it is left behind."""
    with tempfile.TemporaryDirectory(prefix="protostar-marker-") as folder:
        # Only its files and names are used; and `remove` takes all that has its label.
        place = Installation(Path(folder) / "here")
        try:
            service = place.add("api", route="/")
            docker("network", "create", "--label", f"{LABEL}={place.tag}", place.network)
            yield place.network, _start_all(place, service)
        finally:
            place.remove()


def _start_all(place: Installation, service: str) -> dict[str, Gateway]:
    live = place.root / "live"
    live.mkdir(parents=True)
    (live / f"{service}.blue").touch()
    one = _rendered(place)
    others = [place.add(short) for short in ("web", "ai-worker")]
    three = _rendered(place)
    names = [f"{name}-{colour}" for name in (service, *others) for colour in Colour]
    upstream = {"nginx.conf": gateway_conf.UPSTREAM}
    _nginx(place, "upstream", upstream, others_core(), names)
    files = {
        "marker": gateway_conf.with_marker(one),
        "plain": gateway_conf.without(one, service),
        "reload": gateway_conf.without(one, service),
        "marker3": gateway_conf.with_marker(three),
    }
    found = {name: Gateway(_nginx(place, name, files[name], GATEWAYS_CORE)) for name in files}
    found["marker"].switch = _renaming(live, service)
    found["reload"].switch = _reloading(place, found["reload"].container, service)
    return found


def _rendered(place: Installation) -> dict[str, str]:
    place.render()
    folder = place.nginx
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.conf")}


def _nginx(
    place: Installation,
    short: str,
    files: Mapping[str, str],
    core: str,
    aliases: Iterable[str] = (),
) -> str:
    folder, name = place.folder / short, f"{short}-{place.tag}"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    options = ["--label", f"{LABEL}={place.tag}", "--network", place.network, "--cpuset-cpus", core]
    options += [f"--network-alias={alias}" for alias in aliases]
    options += ["--user", "101:101", "--read-only", "--tmpfs=/tmp:mode=1777", "--entrypoint", ""]
    # Read by nobody here; the engine would only take time from the load's core.
    options += ["--log-driver", "none"]
    options += ["-v", f"{folder}:/etc/protostar:ro", "-v", f"{place.root}/live:/live:ro"]
    command = ["nginx", "-c", "/etc/protostar/nginx.conf", "-p", "/etc/protostar/"]
    docker("run", "--detach", "--name", name, *options, NGINX, *command, "-g", "daemon off;")
    return name


def _renaming(live: Path, service: str) -> Callable[[], None]:
    def switch() -> None:
        now = next(live.glob(f"{service}.*"))
        now.rename(live / f"{service}.{Colour(now.suffix[1:]).other}")

    return switch


def _reloading(place: Installation, container: str, service: str) -> Callable[[], None]:
    path, colours = place.folder / "reload" / "services.conf", [Colour.BLUE]

    def switch() -> None:
        colours.append(colours[-1].other)
        new = path.with_suffix(".new")
        new.write_text(gateway_conf.static_upstream(service, colours[-1]))
        new.rename(path)
        docker("kill", "--signal", "HUP", container)

    return switch
