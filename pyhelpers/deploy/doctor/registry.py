"""Can the images come? By the way that protostar.yml's `reach` says, with the login for it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import requests
from docker.errors import DockerException

from docker import DockerClient
from pyhelpers.deploy.doctor.model import FAIL, OK, Finding
from pyhelpers.deploy.images.names import is_in, name_in_registry, references
from pyhelpers.deploy.images.sources import Sources
from pyhelpers.deploy.machine import services_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.config.model import Config
    from pyhelpers.hosts.protocol import Host

ASK_S = 5.0
LOGIN_S = 30.0
HTTPS_PORT = "443"
# bash opens a connection by itself; no other tool need be there.
CONNECT = 'exec 3<>"/dev/tcp/$1/$2"'
# What `docker login` says of a name and password that it has, and nothing of those it lacks.
KNOWN, GOOD = "existing credentials", "Login Succeeded"


def examine_registry(config: Config, host: Host) -> Iterator[Finding]:
    """Raises `ProtostarError` for what is wrong with a tunnel, with the command that mends it."""
    registry = config.registry
    if registry is not None and registry.reach == "tunnel":
        yield _from_here(config, host.name)
        yield _forward(host)
    elif registry is not None and registry.reach == "direct":
        yield from _from_host(registry.address, host)
    else:
        yield _no_registry(host.name, local=config.hosts[host.name].local)


def _from_here(config: Config, host: str) -> Finding:
    """As a deploy asks it. That there is no image yet is no fault of the registry's."""
    with closing(Sources(config.registry).registry()) as registry:
        for name in _repositories(config, host) or [""]:
            path = f"/v2/{name}/tags/list" if name else "/v2/"
            with registry.ask("GET", path) as answer:
                if not answer.ok and answer.status_code != requests.codes.not_found:
                    words = f"the registry {registry.address} answers {answer.status_code} for"
                    return Finding(FAIL, f"{words} {path}", f"curl -v {answer.url}")
        return Finding(OK, f"the registry {registry.address} lets the deployer read")


def _repositories(config: Config, host: str) -> list[str]:
    services = services_on(config, host).values()
    wanted = [name for each in services for name in references(config, each, "latest")]
    return sorted({name_in_registry(each) for each in wanted if is_in(config.registry, each)})


def _forward(host: Host) -> Finding:
    """The port that the host's engine will pull from. Raises `Unreachable` when sshd refuses it."""
    with host.exposed(lambda _: None):
        return Finding(OK, f"a port of {host.name} can lead to the deployer")


def _from_host(address: str, host: Host) -> Iterator[Finding]:
    name, colon, port = address.rpartition(":")
    where = [name, port] if colon else [address, HTTPS_PORT]
    argv = ["timeout", f"{ASK_S:g}", "bash", "-c", CONNECT, "reach", *where]
    if host.run(argv, deadline_s=2 * ASK_S).ok:
        yield Finding(OK, f"the registry {address} can be reached from {host.name}")
        yield from _login(address, host)
    else:
        words = f"the registry {address} cannot be reached from {host.name}"
        yield Finding(FAIL, words, "open the way, or set registry.reach: tunnel in protostar.yml")


def _login(address: str, host: Host) -> Iterator[Finding]:
    """What the host's own `docker login` left is tried; nothing was needed where there is none."""
    tried = host.run(["docker", "login", address], deadline_s=LOGIN_S)
    if KNOWN not in tried.out + tried.err:
        return
    if GOOD in tried.out:
        yield Finding(OK, f"the login of {host.name} at {address} is good")
    else:
        words = f"the registry {address} refuses the login that {host.name} has"
        yield Finding(FAIL, words, f"docker login {address}   # on {host.name}")


def _no_registry(name: str, *, local: bool) -> Finding:
    """Images come out of the deployer's own engine."""
    if local:
        return Finding(OK, f"no registry: images are those of {name}'s engine")
    try:
        with closing(DockerClient.from_env(timeout=int(ASK_S))) as client:
            client.ping()
    except DockerException as problem:
        words = f"no registry, and the deployer's own engine does not answer ({problem})"
        return Finding(FAIL, words, "docker info   # here, on the deployer")
    return Finding(OK, "no registry: images come from the deployer's engine, which answers")
