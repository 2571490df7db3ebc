"""What protostar.yml says, as frozen models. Durations are seconds.

protostar.example.yml is the reference: a test holds its comments and these fields together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from pyhelpers.config.backups import Backup  # noqa: TC001 - pydantic reads it
from pyhelpers.config.certificates import Certificates  # noqa: TC001 - pydantic reads it
from pyhelpers.config.crossings import crossings
from pyhelpers.config.network import Ops, Port, Static, Tls  # noqa: TC001 - pydantic reads them
from pyhelpers.config.problems import dotted
from pyhelpers.config.proof import DAY_S, HOUR_S, Bake, Part, Ready, Verify
from pyhelpers.config.rules import (
    SSH_PATTERN,
    EngineName,
    Fingerprint,
    RegistryAddress,
    RelativePath,
    Repository,
    RootPath,
    SecretUrl,
    ServiceName,
    Slug,
    SshTarget,
    UrlPath,
    Word,
)


def _host_forms(schema: dict[str, Any]) -> None:
    local = {"required": ["local"], "properties": {"local": {"const": True}}}
    schema["oneOf"] = [{"required": ["ssh"], "not": local}, {**local, "not": {"required": ["ssh"]}}]


class Host(Part):
    """A machine with a Docker engine: this one (`local: true`), or one reached by SSH."""

    model_config = ConfigDict(json_schema_extra=_host_forms)

    local: bool = Field(default=False, description="The machine that Protostar runs on.")
    ssh: SshTarget | None = Field(default=None, description="user@host or user@host:port.")
    host_key: Fingerprint | None = Field(
        default=None, description="Its SSH key's fingerprint; null: known_hosts decides."
    )
    root: RootPath = Field(
        default=PurePosixPath("/srv/protostar"),
        description="Where Protostar keeps its files there.",
    )
    stack: RelativePath | None = Field(
        default=None,
        description="The folder of what the server itself runs, relative to this file.",
    )
    secrets: RelativePath | None = Field(
        default=None, description="A SOPS file with the stack's secrets, relative to this file."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.local == (self.ssh is not None):
            words = "must say either `local: true` or `ssh: user@host`"
            raise PydanticCustomError("rule", "{words}", {"words": words})
        return self

    def ssh_parts(self) -> tuple[str, str, int] | None:
        """(user, host, port), or None for a local host. An IPv6 address is without brackets.

        A user of "" and a port of 0 were left to ssh_config.
        """
        found = re.fullmatch(SSH_PATTERN, self.ssh or "")
        if found is None:
            return None
        return found["user"] or "", found["host"].strip("[]"), int(found["port"] or 0)


class Registry(Part):
    """Where images come from."""

    address: RegistryAddress = Field(description="host:port, as the deployer reaches it.")
    reach: Literal["tunnel", "direct", "none"] = Field(
        description="How a host reaches it: through the deploy's SSH connection, by itself, or not."
    )
    plain_http: bool = Field(
        default=False,
        description="tunnel only: ask it by http too, on a network where nobody can interfere.",
    )


class Gateway(Part):
    """An nginx container that sends each request to the live colour."""

    # The name in the map stands in for an absent `container`: see Config.
    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required"))

    container: EngineName = Field(description="The container's name; else the gateway's own.")
    network: EngineName = Field(
        default="protostar_edge", description="The Docker network that it shares with the colours."
    )
    private_port: Port = Field(default=8081, description="Its listener for probes, on loopback.")
    public_port: Port = Field(default=80, description="Its listener for users.")
    tls: Tls | None = Field(
        default=None, description="https for users; null: plain HTTP on the public port alone."
    )
    static: Static | None = Field(
        default=None, description="Files from an S3 store, cached; null: it has none."
    )


def _service_forms(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": ["host"]}, {"required": ["hosts"]}]


class Service(Part):
    """What is deployed: one Compose file, one image, two colours."""

    model_config = ConfigDict(json_schema_extra=_service_forms)

    host: Slug | None = Field(default=None, description="One of the hosts.")
    hosts: list[Slug] | None = Field(
        default=None, min_length=1, description="Several of the hosts, in the order of a deploy."
    )
    parallel: int = Field(
        default=1, ge=1, le=16, description="hosts only: how many are deployed to at once."
    )
    kind: Literal["http", "worker"] = Field(
        default="http", description="Answers requests, or takes jobs."
    )
    image: Repository = Field(description="Its repository, without registry and tag.")
    compose: RelativePath = Field(description="Its Compose file, relative to this file.")
    compose_service: EngineName = Field(default="app", description="Its key in the Compose file.")
    port: Port = Field(description="Where the container listens.")
    ready: Ready = Field(default=Ready(), description="When a new colour may have traffic.")
    gateway: Slug = Field(default="gateway", description="One of the gateways.")
    route: UrlPath | None = Field(
        default=None, description="Its public path prefix; null: not public."
    )
    before_switch: list[Annotated[list[Word], Field(min_length=1)]] = Field(
        default=[],
        description="Commands run once, in a container of the new image, before the switch.",
    )
    before_switch_timeout_s: float = Field(
        default=600.0, gt=0, le=DAY_S, description="For each command."
    )
    replicas: int = Field(default=1, ge=1, le=16, description="Containers of each colour.")
    drain_s: float = Field(
        default=60.0, ge=0, le=DAY_S, description="How long the old colour may finish what it has."
    )
    stop_grace_s: float = Field(
        default=10.0, ge=0, le=HOUR_S, description="From SIGTERM to SIGKILL, after the drain."
    )
    verify: Verify = Field(default=Verify(), description="The proof after the switch.")
    bake: Bake = Field(
        default=Bake(), description="How the new colour is watched after the switch."
    )
    keep_warm: bool = Field(
        default=False, description="Leave the old colour running until the next one."
    )
    keep_releases: int = Field(default=5, ge=2, le=100, description="Releases kept on the host.")
    marker: bool = Field(default=True, description="worker only: whether it watches its marker.")
    memory_mb: int | None = Field(
        default=None, ge=1, le=1_048_576, description="MiB of one container, for the preflight."
    )

    @property
    def host_names(self) -> tuple[str, ...]:
        """Where it runs, in the order in which it is deployed."""
        return tuple(self.hosts or ([self.host] if self.host else []))

    def on(self, host: str) -> Self:
        """The same service as one of its hosts sees it."""
        return self.model_copy(update={"host": host, "hosts": None, "parallel": 1})


class Notify(Part):
    """Who hears of a refusal and of a flip-back."""

    webhook: SecretUrl = Field(description="Gets a POST with a JSON object.")


class Config(Part):
    """One installation: one file."""

    project: Slug = Field(description="The installation's name.")
    hosts: Mapping[Slug, Host] = Field(min_length=1, description="The machines, by name.")
    registry: Registry | None = Field(
        default=None, description="Where images come from; null: nowhere."
    )
    gateways: Mapping[Slug, Gateway] = Field(
        default={"gateway": Gateway(container="gateway")}, min_length=1, description="By name."
    )
    services: Mapping[ServiceName, Service] = Field(
        min_length=1, description="What is deployed, by name."
    )
    ops: Ops | None = Field(
        default=None, description="How admins reach the tools; null: they do not."
    )
    backup: Backup | None = Field(
        default=None, description="What is kept elsewhere; null: nothing."
    )
    certificates: Certificates | None = Field(
        default=None, description="What an ACME server issues; null: nothing."
    )
    notify: Notify | None = Field(
        default=None, description="Who hears of a refusal and of a flip-back."
    )

    def without_registry(self) -> Config:
        """As if no host reached it. Its address stays: images here may still bear it."""
        if self.registry is None:
            return self
        return self.model_copy(
            update={"registry": self.registry.model_copy(update={"reach": "none"})}
        )

    @field_validator("gateways", mode="before")
    @classmethod
    def _name_containers(cls, gateways: object) -> object:
        if not isinstance(gateways, Mapping):
            return gateways
        return {name: _named(name, gateway) for name, gateway in gateways.items()}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = list(crossings(self.model_dump(exclude_unset=True)))
        if found:
            words = "; ".join(f"{dotted(one.path)}: {one.words}" for one in found)
            raise PydanticCustomError("crossing", "{words}", {"words": words})
        return self


def _named(name: object, gateway: object) -> object:
    if isinstance(gateway, dict) and "container" not in gateway:
        return {"container": name, **gateway}
    return gateway
