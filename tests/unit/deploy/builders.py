"""Facts and targets with defaults, so that a test states only what matters.

The default: `api` runs v1 on blue, well, with one good record; v2 is wanted and not here yet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyhelpers.config.model import Gateway, Service
from pyhelpers.deploy.model import (
    Answer,
    Colour,
    Container,
    EngineFacts,
    Facts,
    GatewayFacts,
    Holder,
    ImageFacts,
    Plan,
    Record,
    Release,
    Step,
    StepName,
    Target,
    Way,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = "api"
OF_THE_SERVICE = {"host": "a5", "image": "shop/api", "compose": "api.yml", "port": 3000}
ENGINE = EngineFacts("28.5.2", "amd64", 50 << 30, 8 << 30)


def service(**changes: Any) -> Service:
    return Service.model_validate({**OF_THE_SERVICE, **changes})


def gateway() -> Gateway:
    return Gateway(container="gateway")


def release(identity: str = "v2") -> Release:
    return Release(identity, f"shop/api@sha256:{identity}", identity, f"config-{identity}")


def target(identity: str = "v2", action: str = "deploy", name: str = NAME, **of: Any) -> Target:
    return Target(name, service(**of), gateway(), release(identity), action)


def address(colour: str, number: int = 1) -> str:
    return f"172.18.0.{(10 if colour == 'blue' else 20) + number}"


def container(colour: str, of: str = "v1", number: int = 1, **changes: Any) -> Container:
    name = f"{NAME}-{colour}-app-{number}"
    where = address(colour, number)
    made = Container(f"id-{name}", name, Colour(colour), of, True, 0, where)  # noqa: FBT003 - its fields in order
    return replace(made, **changes)


def containers(colour: str, of: Any) -> list[Container]:
    """`of`: a release, a list of them (a replica each), or fields of one container."""
    each = of if isinstance(of, list) else [of] if of else []
    return [_container(colour, one, number) for number, one in enumerate(each, start=1)]


def _container(colour: str, of: Any, number: int) -> Container:
    fields = dict(of) if isinstance(of, dict) else {"release": of}
    return container(colour, fields.pop("release"), number, **fields)


def record(text: str, number: int = 1) -> Record:
    """`deploy v2 green done`, with `hooks` behind it when they ran, `from v1` for the previous."""
    action, of, colour, outcome, *more = text.split()
    previous = more[more.index("from") + 1] if "from" in more else ""
    return Record(
        id=f"r{number}",
        action=action,
        who="ann@desk",
        at=f"2026-11-23T10:{number:02d}:00Z",
        outcome=outcome,
        release=release(of),
        colour=Colour(colour),
        previous=previous,
        hooks_ran="hooks" in more,
    )


def history(*texts: str) -> tuple[Record, ...]:
    return tuple(record(text, number) for number, text in enumerate(texts, start=1))


def answer(status: int = 200, colour: str = "blue", of: str = "v1", **changes: Any) -> Answer:
    return replace(Answer(status, of, address(colour), colour), **changes)


def image(**changes: Any) -> ImageFacts:
    wanted = ImageFacts("shop/api@sha256:v2", "sha256:v2", ("amd64",), False, 200 << 20)  # noqa: FBT003 - its fields in order
    return replace(wanted, **changes)


def facts(**changes: Any) -> Facts:
    """Facts as `cases` write them: `live`, `blue`, `green`, `history`, `answer` and so on."""
    said = {"live": "blue", "blue": "v1", "history": ["deploy v1 blue done"], **changes}
    markers = _markers(said)
    live = next(iter(markers)) if len(markers) == 1 else ""
    return Facts(
        engine=replace(ENGINE, **said.get("engine", {})),
        gateway=_gateway_facts(said.get("gateway", {}), live),
        markers=markers,
        containers=(*containers("blue", said.get("blue")), *containers("green", said.get("green"))),
        history=history(*said["history"]),
        kept_releases=frozenset(said.get("kept", [])),
        state_format=said.get("state_format", 1),
        live_answer=_live_answer(said.get("answer", 200), live),
        holder=_holder(said.get("holder")),
        unfinished=_pair(said.get("unfinished")),
        image=_image(said.get("image", {})),
    )


def _markers(said: Mapping[str, Any]) -> frozenset[Colour]:
    names: Iterable[str] = said.get("markers", [said["live"]] if said["live"] else [])
    return frozenset(map(Colour, names))


def _gateway_facts(said: Any, live: str) -> GatewayFacts | None:
    if said == "down":
        return None
    return GatewayFacts(said.get("nginx", "1.30.6"), said.get("services", {NAME: live}))


def _live_answer(said: Any, live: str) -> Answer | None:
    """A status, `nobody` (nginx answers for the absent), or fields of the answer."""
    if not live:
        return None
    if said == "nobody":
        return Answer(502, "", address(live), live)
    fields = said if isinstance(said, dict) else {"status": said}
    return answer(**{"colour": live, **fields})


def _holder(who: str | None) -> Holder | None:
    return Holder(who, 4711, "2026-11-23T10:00:00Z", "bake") if who else None


def _pair(said: list[str] | None) -> tuple[str, str] | None:
    return (said[0], said[1]) if said else None


def _image(said: Any) -> ImageFacts | None:
    if said == "absent":
        return None
    fields = {**said, "architectures": tuple(said.get("architectures", ["amd64"]))}
    if "way" in fields:
        fields["way"] = Way(fields["way"])
    return image(**fields)


def plan(wanted: Target | None = None, *names: StepName, **changes: Any) -> Plan:
    steps = tuple(Step(name, "") for name in names)
    made = Plan(wanted or target(), Colour.BLUE, Colour.GREEN, steps, image=image())
    return replace(made, **changes)
