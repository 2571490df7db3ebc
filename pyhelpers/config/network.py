"""What protostar.yml says of the ways in: a gateway's TLS and static files, and the admins' way."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from typing import Annotated

from pydantic import Field

from pyhelpers.config.proof import Part
from pyhelpers.config.rules import (  # noqa: TC001 - pydantic reads them
    Address,
    BucketName,
    DnsName,
    FilePath,
    FolderPath,
    Network,
    Slug,
    StoreAddress,
)

Port = Annotated[int, Field(ge=1, le=65535)]


class Tls(Part):
    """A gateway that users reach by https."""

    names: list[DnsName] = Field(min_length=1, description="What users call it, as in shop.org.")
    certificate: DnsName = Field(
        description="The folder below `certificates/` on the host that holds it and its key."
    )
    port: Port = Field(default=443, description="Its https listener for users.")


class Static(Part):
    """Files that anybody may read, from an S3 store, through a cache of the gateway's own."""

    store: StoreAddress = Field(description="host:port of an S3 server, as the gateway reaches it.")
    bucket: BucketName = Field(default="static", description="Read without a key.")
    path: FolderPath = Field(
        default="/static/", description="Public path prefix; what follows it is the object's key."
    )


class Tool(Part):
    """What admins reach by a name of its own."""

    name: DnsName = Field(description="Its public name, which leads to the proxy.")
    port: Port = Field(description="Where its container listens.")
    max_body_mb: int = Field(
        default=20, ge=0, le=1_048_576, description="MiB of one request; 0: no limit."
    )
    webhook: FilePath | None = Field(
        default=None,
        description="The one path that anybody may POST to, one tool's only; null: nobody may.",
    )


class Ops(Part):
    """How admins reach the tools: the proxy, the router's port, and ops-nginx behind it."""

    proxy_address: Address = Field(description="The one address that the proxy connects from.")
    home: DnsName = Field(description="The router's name, which dynamic DNS keeps current.")
    port: Port = Field(default=8888, description="What the router hands on to ops-nginx.")
    certificate: DnsName = Field(
        description="The folder below `certificates/` on the host that holds it and its key."
    )
    allow: list[Network] = Field(min_length=1, description="Where admins may come from.")
    tools: Mapping[Slug, Tool] = Field(
        min_length=1, description="By their containers' names on ops-nginx's network."
    )
