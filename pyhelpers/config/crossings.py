"""What two places of protostar.yml must agree on. Pure, and it takes half-broken data.

It looks at plain data, not at models: so a wrong number in one place does not hide an unknown host
in another, and a person hears of both at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Crossing:
    """A disagreement: where it stands, and what to tell. The words never hold the value there."""

    path: tuple[str, ...]
    words: str
    nearest: str | None = None
    shows_value: bool = True


def crossings(data: object) -> Iterator[Crossing]:
    """Every disagreement in `data`, the parsed file. Shapes that are wrong by themselves pass."""
    top = _mapping(data)
    services = {name: _mapping(service) for name, service in _mapping(top.get("services")).items()}
    for name, service in services.items():
        yield from _unknown("host", name, service.get("host"), top.get("hosts"))
        gateway = service.get("gateway", DEFAULT_GATEWAY)
        gateways = top.get("gateways", {DEFAULT_GATEWAY: {}})
        yield from _unknown("gateway", name, gateway, gateways)
        yield from _useless_marker(name, service)
    yield from _same_routes(services)


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _unknown(kind: str, service: str, name: object, known: object) -> Iterator[Crossing]:
    names = list(_mapping(known))
    if not isinstance(name, str) or not names or name in names:
        return
    words = f"must name one of the {kind}s ({', '.join(names)})"
    nearest = next(iter(get_close_matches(name, names, n=1)), None)
    yield Crossing(("services", service, kind), words, nearest)


def _useless_marker(name: str, service: Mapping[str, object]) -> Iterator[Crossing]:
    if "marker" in service and service.get("kind", "http") == "http":
        words = "is for kind worker; an http service is always switched by its marker"
        yield Crossing(("services", name, "marker"), words, shows_value=False)


def _same_routes(services: Mapping[str, Mapping[str, object]]) -> Iterator[Crossing]:
    """A gateway of the same name on another host is another gateway."""
    taken: dict[tuple[str, str, str], str] = {}
    for name, service in services.items():
        route = service.get("route")
        if not isinstance(route, str):
            continue
        place = (
            str(service.get("host")),
            str(service.get("gateway", DEFAULT_GATEWAY)),
            route.rstrip("/"),
        )
        first = taken.setdefault(place, name)
        if first != name:
            words = f"must differ from services.{first}.route on the same gateway"
            yield Crossing(("services", name, "route"), words)
