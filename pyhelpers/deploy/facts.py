"""Reads from a host all that a decision needs. Changes nothing."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from docker.errors import APIError, DockerException, NotFound
from requests import RequestException

from pyhelpers.deploy import commands, history, marker
from pyhelpers.deploy.model import Colour, Container, EngineFacts, Facts, Holder
from pyhelpers.errors import PreflightError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient
    from pyhelpers.deploy.gateway import Gateway
    from pyhelpers.deploy.model import Answer, ImageFacts, Record
    from pyhelpers.hosts.protocol import Host

SHELL_S = 20.0
HISTORY_LIMIT_BYTES = 4 << 20
LIVE_ASKED = 3


def read_facts(
    host: Host,
    service: str,
    gateway: Gateway,
    image: ImageFacts | None,
    token: str = "",
) -> Facts:
    """All facts about `service`. `token`: the guard that is ours does not count as a holder.

    Raises `Unreachable` when the engine does not answer.
    """
    markers = marker.markers_in(host.names(host.root / "live"), service)
    network = gateway.network
    with ThreadPoolExecutor(4) as pool:
        engine = pool.submit(_engine, host)
        containers = pool.submit(read_containers, host, service, network)
        gateway_facts = pool.submit(gateway.facts)
        live = pool.submit(_live_answer, gateway) if len(markers) == 1 else None
        holder = pool.submit(read_holder, host, service, token)
        return Facts(
            engine=engine.result(),
            gateway=gateway_facts.result(),
            markers=markers,
            containers=containers.result(),
            history=read_history(host, service),
            kept_releases=host.names(host.root / "releases" / service),
            state_format=state_format(host),
            live_answer=live.result() if live else None,
            holder=holder.result(),
            unfinished=unfinished_switch(host, service),
            image=image,
            root=str(host.root),
        )


def _live_answer(gateway: Gateway) -> Answer:
    """Asked again before it is believed that nobody answers: then there is no way back."""
    for _ in range(LIVE_ASKED - 1):
        answer = gateway.live()
        if answer.app:
            return answer
    return gateway.live()


def _engine(host: Host) -> EngineFacts:
    api = Engine(host)
    info, version = api.info(), api.version()
    found = host.run(commands.machine_facts(info["DockerRootDir"], host.root), deadline_s=SHELL_S)
    told = dict(line.split(" ", 1) for line in found.out.splitlines() if " " in line)
    return EngineFacts(
        version=version["Version"],
        architecture=version["Arch"],
        disk_free_bytes=int(told.get("disk") or 0),
        root_free_bytes=int(told.get("root") or 0),
        memory_free_bytes=1024 * int(told.get("memory_kib") or 0),
    )


class HasEngine(Protocol):
    """A host, or the machine we run on: whatever has an engine and a name for an error."""

    @property
    def name(self) -> str: ...
    def docker(self) -> DockerClient: ...


class Engine:
    """The engine's low-level client. A call that fails raises `Unreachable`; `NotFound` passes."""

    def __init__(self, host: HasEngine) -> None:
        self._host = host

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return functools.partial(self._call, name)

    def _call(self, name: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - not typed
        try:
            return getattr(self._host.docker().api, name)(*arguments, **named)
        except NotFound:
            raise
        except APIError as problem:
            raise Unreachable(
                error=f"{self._host.name}: the engine refuses {name}: {problem.explanation}",
                try_="docker info",
            ) from None
        except (DockerException, RequestException, OSError) as problem:
            raise Unreachable(
                error=f"{self._host.name}: the engine does not answer ({type(problem).__name__})",
                try_="systemctl start docker",
            ) from None


def read_containers(host: Host, service: str, network: str) -> tuple[Container, ...]:
    """Both colours' containers, with their addresses on the gateway's `network`.

    Those that we started (by their labels), and those that were adopted (by a list on the host).
    """
    api = Engine(host)
    label = f"org.protostar.service={service}"
    listed = api.containers(all=True, filters={"label": [label]})
    ours = [each for each in listed if each["Labels"].get(ONE_OFF) != "True"]
    inspected = [_inspect(host, each["Id"]) for each in ours]
    # One that went between the list and the look is no fact any more.
    started = [_container(each, network) for each in inspected if each is not None]
    return (*started, *_adopted(host, service, network))


ONE_OFF = "com.docker.compose.oneoff"


def _container(inspected: dict[str, Any], network: str, colour: str = "") -> Container:
    labels = inspected["Config"]["Labels"] or {}
    endpoint = inspected["NetworkSettings"]["Networks"].get(network) or {}
    return Container(
        id=inspected["Id"],
        name=inspected["Name"].lstrip("/"),
        colour=Colour(colour or labels["org.protostar.colour"]),
        release=labels.get("org.protostar.release", ""),
        running=inspected["State"]["Running"] and not inspected["State"]["Restarting"],
        restarts=inspected["RestartCount"],
        address=endpoint.get("IPAddress", ""),
        exit_code=inspected["State"]["ExitCode"],
        adopted=bool(colour),
        root=labels.get("org.protostar.root", ""),
    )


def _adopted(host: Host, service: str, network: str) -> list[Container]:
    found = []
    for colour in Colour:
        names = host.read(host.root / "adopted" / f"{service}.{colour}") or b""
        for name in names.decode().split():
            inspected = _inspect(host, name)
            if inspected is not None:
                found.append(_container(inspected, network, colour))
    return found


def names_on(host: Host, network: str) -> frozenset[str]:
    """Who is on the network now, by name."""
    found = Engine(host).inspect_network(network)
    return frozenset(each["Name"] for each in (found.get("Containers") or {}).values())


def running_hooks(host: Host, service: str) -> list[str]:
    """Containers of hooks that run now, of whatever release."""
    filters = {"label": [f"org.protostar.service={service}", f"{ONE_OFF}=True"]}
    return sorted(each["Names"][0].lstrip("/") for each in Engine(host).containers(filters=filters))


def _inspect(host: Host, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = Engine(host).inspect_container(name)
    except NotFound:
        return None
    return found


def read_history(host: Host, service: str) -> tuple[Record, ...]:
    """Oldest first. A commit whose line a power cut kept from the history counts already."""
    text = host.read(host.root / "history" / f"{service}.jsonl", HISTORY_LIMIT_BYTES) or b""
    committed = host.read(host.root / "guard" / service / "committed") or b""
    return history.parse((text + b"\n" + committed).decode(errors="replace"))


def state_format(host: Host) -> int:
    """What is kept on the host carries a version; 0: nothing is kept there yet."""
    text = host.read(host.root / "format")
    try:
        return int(text or b"0")
    except ValueError:
        raise PreflightError(
            error=f"{host.root}/format holds no number", try_=f"cat {host.root}/format"
        ) from None


def read_holder(host: Host, service: str, token: str = "") -> Holder | None:
    """Who holds the service now: the lock decides, the owner file only names."""
    room = host.root / "guard" / service
    if "lock" not in host.names(room):
        return None
    free = host.run(["flock", "--shared", "--nonblock", str(room / "lock"), "true"], deadline_s=5)
    text = (host.read(room / "owner") or b"").decode(errors="replace")
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if free.ok or (token and fields.get("token") == token):
        return None
    return Holder(
        fields.get("who", "?"),
        int(fields.get("pid", "0")),
        fields.get("since", "?"),
        fields.get("step", "?"),
    )


def unfinished_switch(host: Host, service: str) -> tuple[str, str] | None:
    """A switch without a commit that will be undone: where it came from and where it went."""
    room = host.root / "guard" / service
    if host.read(room / "committed") is not None:
        return None
    words = (host.read(room / "intent") or b"").decode().split()
    return (words[0], words[1]) if words[2:] == ["yes"] else None
