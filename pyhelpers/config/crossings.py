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
DEFAULT_STATIC = "/static/"


@dataclass(frozen=True, slots=True)
class Crossing:
    """A disagreement: where it stands, and what to tell. The words never hold the value there."""

    path: tuple[str | int, ...]
    words: str
    nearest: str | None = None
    shows_value: bool = True


def crossings(data: object) -> Iterator[Crossing]:
    """Every disagreement in `data`, the parsed file. Shapes that are wrong by themselves pass."""
    top = _mapping(data)
    found = _mapping(top.get("services")).items()
    services = {name: dict(service) for name, service in found if isinstance(service, Mapping)}
    for name, service in services.items():
        yield from _hosts(name, service, top.get("hosts"))
        gateway = service.get("gateway", DEFAULT_GATEWAY)
        gateways = top.get("gateways", {DEFAULT_GATEWAY: {}})
        yield from _unknown("gateway", (name, "gateway"), gateway, gateways)
        yield from _useless_marker(name, service)
    yield from _same_routes(services)
    yield from _static_paths(_mapping(top.get("gateways")), services)
    tools = _mapping(_mapping(top.get("ops")).get("tools"))
    yield from _same_names(tools)
    yield from _second_webhooks(tools)
    yield from _backed_up(_mapping(_mapping(top.get("backup")).get("hosts")), top.get("hosts"))
    yield from _issued(_mapping(top.get("certificates")), top.get("hosts"))


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _hosts(name: str, service: Mapping[str, object], known: object) -> Iterator[Crossing]:
    """`host: a5` or `hosts: [a5, a6]`."""
    one, several = service.get("host"), service.get("hosts")
    if (one is None) == (several is None):
        words = "must say either `host: a5` or `hosts: [a5, a6]`"
        yield Crossing(("services", name), words, shows_value=False)
    yield from _unknown("host", (name, "host"), one, known)
    listed = several if isinstance(several, list) else []
    for index, host in enumerate(listed):
        yield from _unknown("host", (name, "hosts", index), host, known)
        if host in listed[:index]:
            yield Crossing(("services", name, "hosts", index), "must be there only once")
    if "parallel" in service and several is None:
        words = "is for several hosts; this service has one"
        yield Crossing(("services", name, "parallel"), words, shows_value=False)


def _unknown(
    kind: str, place: tuple[str | int, ...], name: object, known: object
) -> Iterator[Crossing]:
    names = list(_mapping(known))
    if not isinstance(name, str) or not names or name in names:
        return
    words = f"must name one of the {kind}s ({', '.join(names)})"
    nearest = next(iter(get_close_matches(name, names, n=1)), None)
    yield Crossing(("services", *place), words, nearest)


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
        gateway = str(service.get("gateway", DEFAULT_GATEWAY))
        places = [(host, gateway, route.rstrip("/")) for host in _named_hosts(service)]
        firsts = [taken.setdefault(place, name) for place in places]
        first = next((each for each in firsts if each != name), None)
        if first is not None:
            words = f"must differ from services.{first}.route on the same gateway"
            yield Crossing(("services", name, "route"), words)


def _static_paths(
    gateways: Mapping[str, object], services: Mapping[str, Mapping[str, object]]
) -> Iterator[Crossing]:
    for gateway, settings in gateways.items():
        static = _mapping(_mapping(settings).get("static"))
        path = str(static.get("path", DEFAULT_STATIC)).rstrip("/") if static else None
        for name, service in services.items():
            route = service.get("route")
            here = service.get("gateway", DEFAULT_GATEWAY) == gateway
            if here and isinstance(route, str) and route.rstrip("/") == path:
                words = f"must differ from gateways.{gateway}.static.path"
                yield Crossing(("services", name, "route"), words)


def _backed_up(kept: Mapping[str, object], known: object) -> Iterator[Crossing]:
    names = list(_mapping(known))
    for host, settings in kept.items():
        if names and host not in names:
            words = f"must be one of the hosts ({', '.join(names)})"
            nearest = next(iter(get_close_matches(host, names, n=1)), None)
            yield Crossing(("backup", "hosts", host), words, nearest, shows_value=False)
        found = _mapping(settings)
        if found.get("databases") and found.get("postgres") is None:
            words = "needs `postgres`: the key of the container that they are in"
            yield Crossing(("backup", "hosts", host, "databases"), words, shows_value=False)


def _issued(certificates: Mapping[str, object], known: object) -> Iterator[Crossing]:
    names = list(_mapping(known))
    for folder, settings in _mapping(certificates.get("issue")).items():
        found = _mapping(settings)
        host = found.get("host")
        if isinstance(host, str) and names and host not in names:
            words = f"must name one of the hosts ({', '.join(names)})"
            nearest = next(iter(get_close_matches(host, names, n=1)), None)
            yield Crossing(("certificates", "issue", folder, "host"), words, nearest)
        if found.get("challenge") == "dns-01" and not certificates.get("dns"):
            words = "dns-01 needs certificates.dns.command"
            yield Crossing(("certificates", "issue", folder, "challenge"), words, shows_value=False)


def _same_names(tools: Mapping[str, object]) -> Iterator[Crossing]:
    """The proxy knows a tool by nothing but its name."""
    taken: dict[str, str] = {}
    for tool, settings in tools.items():
        name = _mapping(settings).get("name")
        first = taken.setdefault(name, tool) if isinstance(name, str) else tool
        if first != tool:
            yield Crossing(
                ("ops", "tools", tool, "name"), f"must differ from ops.tools.{first}.name"
            )


def _second_webhooks(tools: Mapping[str, object]) -> Iterator[Crossing]:
    """Each is a way in for everybody: there is one."""
    found = [name for name, settings in tools.items() if _mapping(settings).get("webhook")]
    for name in found[1:]:
        words = f"is open to everybody, and ops.tools.{found[0]}.webhook is already"
        yield Crossing(("ops", "tools", name, "webhook"), words, shows_value=False)


def _named_hosts(service: Mapping[str, object]) -> list[str]:
    several = service.get("hosts")
    return [str(host) for host in (several if isinstance(several, list) else [service.get("host")])]
