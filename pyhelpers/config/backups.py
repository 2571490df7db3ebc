"""What protostar.yml says of backups: what of which host, and how long each is kept."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from typing import Annotated

from pydantic import Field

from pyhelpers.config.proof import Part
from pyhelpers.config.rules import EngineName, Rule, Slug

# As SQL takes it without quotes.
DatabaseName = Annotated[
    str,
    Rule(
        r"[a-z_][a-z0-9_]{0,62}",
        "must be a database's name: lower-case letters, digits and _, a letter first",
    ),
]
Count = Annotated[int, Field(ge=0, le=1000)]


class Keep(Part):
    """How many of each item are kept; a backup that counts for one of them stays."""

    daily: int = Field(default=14, ge=1, le=1000, description="One of each of the last days.")
    weekly: Count = Field(default=8, description="One of each of the last weeks.")
    monthly: Count = Field(default=12, description="One of each of the last months.")


class HostBackup(Part):
    """What of one host is kept. Its stack has the container that does it, and the way to it."""

    service: EngineName = Field(
        default="backup", description="The key of that container in the stack's Compose files."
    )
    postgres: EngineName | None = Field(
        default=None, description="The key of the PostgreSQL container; null: there is none."
    )
    databases: list[DatabaseName] = Field(
        default=[], description="Those that are dumped too, a second format beside the base backup."
    )
    redis: list[EngineName] = Field(
        default=[], description="The keys of the Redis containers that are kept."
    )
    folders: list[Slug] = Field(
        default=[], description="Folders below /sources in the backup container."
    )


class Backup(Part):
    """Backups of every host that is named here."""

    keep: Keep = Field(default=Keep(), description="How long.")
    hosts: Mapping[Slug, HostBackup] = Field(
        min_length=1, description="What is kept of each of the hosts."
    )
