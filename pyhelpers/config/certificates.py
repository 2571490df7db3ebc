"""What protostar.yml says of certificates: who issues them, for which names, by which proof."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from typing import Annotated, Literal

from pydantic import Field

from pyhelpers.config.network import Port  # noqa: TC001 - pydantic reads it
from pyhelpers.config.proof import HOUR_S, Part
from pyhelpers.config.rules import DnsName, EngineName, RelativePath, Rule, Slug, Word

AcmeUrl = Annotated[
    str,
    Rule(r"https://[A-Za-z0-9\[][^\s]*", "must be a URL that begins with https://"),
]
Mail = Annotated[str, Rule(r"[^@\s:]+@[^@\s:]+", "must be an address, as in ops@example.org")]


class Dns(Part):
    """How a record gets into the DNS, for dns-01."""

    command: list[Word] = Field(
        min_length=1,
        description="Run as COMMAND present|cleanup RECORD VALUE, beside this file.",
    )
    wait_s: float = Field(
        default=30.0, ge=0, le=HOUR_S, description="Until every server of the zone has it."
    )


class Certificate(Part):
    """One certificate; its name is the folder below `certificates/` on its host."""

    host: Slug = Field(description="One of the hosts.")
    names: list[DnsName] = Field(min_length=1, description="What it is for.")
    challenge: Literal["http-01", "dns-01"] = Field(
        default="http-01", description="How it is proven that the names are ours."
    )
    container: EngineName = Field(
        default="gateway", description="The nginx container on that host that serves it."
    )
    served_port: Port | None = Field(
        default=443,
        description="Where it is asked in that container; null: not asked, always reloaded.",
    )
    owner: int = Field(
        default=101, ge=0, le=65535, description="The number of nginx's user, who reads the key."
    )


class Certificates(Part):
    """Every certificate that an ACME server issues for this installation."""

    server: AcmeUrl = Field(
        default="https://acme-v02.api.letsencrypt.org/directory",
        description="Its directory; whoever configures it agrees to its terms.",
    )
    mail: Mail | None = Field(default=None, description="Whom it may write to.")
    trust: RelativePath | None = Field(
        default=None, description="A file with the authority of the server's own certificate."
    )
    dns: Dns | None = Field(default=None, description="For dns-01; null: there is none.")
    issue: Mapping[DnsName, Certificate] = Field(min_length=1, description="By their folders.")
