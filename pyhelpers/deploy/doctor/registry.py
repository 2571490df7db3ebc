"""Can the images come? By the way that protostar.yml's `reach` says."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import requests
from docker.errors import DockerException

from docker import DockerClient
from pyhelpers.deploy.doctor.model import FAIL, OK, Finding

if TYPE_CHECKING:
    from pyhelpers.config.model import Config
    from pyhelpers.hosts.protocol import Host

ASK_S = 5.0
HTTP_PORT = "80"
# bash opens a connection by itself; no other tool need be there.
CONNECT = 'exec 3<>"/dev/tcp/$1/$2"'


def examine_registry(config: Config, host: Host) -> Finding:
    registry = config.registry
    if registry is not None and registry.reach == "tunnel":
        return _from_here(registry.address)
    if registry is not None and registry.reach == "direct":
        return _from_host(registry.address, host)
    return _no_registry(host.name, local=config.hosts[host.name].local)


def _from_here(address: str) -> Finding:
    """Any answer will do: that it asks for a name, or for TLS, is the engine's business."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the laptop must not answer in its place
            session.get(f"http://{address}/v2/", timeout=ASK_S, allow_redirects=False)
    except requests.RequestException as problem:
        words = f"the registry {address} does not answer the deployer ({type(problem).__name__})"
        return Finding(FAIL, words, f"curl -v http://{address}/v2/")
    return Finding(OK, f"the registry {address} answers the deployer")


def _from_host(address: str, host: Host) -> Finding:
    name, colon, port = address.rpartition(":")
    where = [name, port] if colon else [address, HTTP_PORT]
    argv = ["timeout", f"{ASK_S:g}", "bash", "-c", CONNECT, "reach", *where]
    if host.run(argv, deadline_s=2 * ASK_S).ok:
        return Finding(OK, f"the registry {address} can be reached from {host.name}")
    words = f"the registry {address} cannot be reached from {host.name}"
    return Finding(FAIL, words, "open the way, or set registry.reach: tunnel in protostar.yml")


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
