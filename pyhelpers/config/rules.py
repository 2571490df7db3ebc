"""What a text in protostar.yml may look like, each rule with the words that say so."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

from pyhelpers.config.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that the whole text must match, and what a person is told when it does not.

    The words never hold the value: it may have come from the environment.
    """

    pattern: str
    words: str

    def check(self, value: _Value) -> _Value:
        if re.fullmatch(self.pattern, str(value)) is None:
            raise PydanticCustomError("rule", "{words}", {"words": self.words})
        return value

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^{self.pattern}$"}


_SLUG = r"[a-z][a-z0-9-]{0,30}"
_SLUG_WORDS = "lower-case letters, digits and hyphens, a letter first, at most 31 characters"

Slug = Annotated[str, Rule(_SLUG, f"must be {_SLUG_WORDS}")]

# `api-blue` names a colour of `api` on the network and in the engine.
ServiceName = Annotated[
    str,
    Rule(
        rf"(?!.*-(blue|green)$){_SLUG}",
        f"must be {_SLUG_WORDS}, without -blue or -green at its end (they name the colours)",
    ),
]

# Docker's own rule for the names of containers and networks.
EngineName = Annotated[
    str,
    Rule(
        r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,126}",
        "must be a name as Docker allows it: letters, digits, . _ -",
    ),
]

_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"

# No leading hyphen anywhere: ssh would read it as an option.
SSH_PATTERN = (
    r"((?P<user>[A-Za-z_][A-Za-z0-9_.-]{0,31})@)?"
    r"(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
    rf"(:(?P<port>{_PORT}))?"
)
SshTarget = Annotated[
    str,
    Rule(
        SSH_PATTERN.replace("?P<user>", "").replace("?P<host>", "").replace("?P<port>", ""),
        "must be user@host or user@host:port",
    ),
]
# As `ssh-keygen -l` prints it: 32 bytes in base64, without padding.
Fingerprint = Annotated[
    str,
    Rule(r"SHA256:[A-Za-z0-9+/]{43}", "must be a fingerprint as in SHA256:…, see ssh-keygen -l"),
]

# A colon would split a mount, a blank a shell word, `..` would lead somewhere else.
RootPath = Annotated[
    PurePosixPath,
    # Not strict: YAML knows no paths, only text.
    Field(strict=False),
    Rule(
        r"(?!.*/\.\.?(/|$))/[A-Za-z0-9._-][A-Za-z0-9._/-]*",
        "must be an absolute path of letters, digits, . _ - and /, and not / itself",
    ),
]
RelativePath = Annotated[
    str,
    Rule(
        r"(?!(.*/)?\.\.(/|$))[^/\s\\:][^\s\\:]*",
        "must be a path below the folder of this file, without blanks, colons and ..",
    ),
]

_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
Repository = Annotated[
    str,
    Rule(
        rf"(?=.{{1,200}}$){_PART}(/{_PART})*",
        "must be a repository in lower case without registry, tag and digest, as in team/api",
    ),
]
RegistryAddress = Annotated[
    str,
    Rule(
        r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:" + _PORT + ")?",
        "must be host or host:port, without https:// and without a path",
    ),
]

# These end up in the gateway's configuration: nothing there may have a meaning to nginx.
UrlPath = Annotated[
    str,
    Rule(
        r"(?!.*//)(?!.*/\.\.?(/|$))/[A-Za-z0-9._~/-]*",
        "must begin with / and hold only letters, digits, . _ ~ - and /",
    ),
]
FilePath = Annotated[
    str,
    Rule(
        r"(?!.*/\.\.?(/|$))(/[A-Za-z0-9._~-]+)+",
        "must begin with /, not end with it, and hold only letters, digits, . _ ~ - and /",
    ),
]
FolderPath = Annotated[
    str,
    Rule(
        r"(?!.*/\.\.?/)/([A-Za-z0-9._~-]+/)+",
        "must begin and end with / and hold only letters, digits, . _ ~ - and /",
    ),
]
HeaderName = Annotated[
    str,
    Rule(r"[A-Za-z][A-Za-z0-9-]{0,63}", "must be a header's name as in X-Release"),
]

# As a browser asks for it: in lower case, without a port and without a dot at its end.
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DnsName = Annotated[
    str,
    Rule(
        rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*",
        "must be a DNS name in lower case, as in shop.example.org",
    ),
]

# A port must be said: 80 is nobody's S3.
StoreAddress = Annotated[
    str,
    Rule(
        rf"(?=.{{1,259}}$){_LABEL}(\.{_LABEL})*:{_PORT}",
        "must be host:port, without http:// and without a path",
    ),
]
BucketName = Annotated[
    str,
    Rule(
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "must be a bucket's name: lower-case letters, digits, . and -, at least 3 characters",
    ),
]

# NUL cannot stand in a command's arguments.
Word = Annotated[str, Rule(r"[^\0]*", "must be text without NUL characters")]


# Near enough for an editor; Python's own reading decides.
_ADDRESS = r"([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)"


def _read_by(read: Callable[[str], object], words: str) -> AfterValidator:
    def check(value: str) -> str:
        try:
            read(value)
        except ValueError:
            raise PydanticCustomError("rule", "{words}", {"words": words}) from None
        return value

    return AfterValidator(check)


Address = Annotated[
    str,
    _read_by(ipaddress.ip_address, "must be an IP address, as in 203.0.113.7"),
    WithJsonSchema({"type": "string", "pattern": f"^{_ADDRESS}$"}),
]
Network = Annotated[
    str,
    _read_by(
        ipaddress.ip_network,
        "must be an address or a network, as in 198.51.100.0/24, with zeros after its length",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_ADDRESS}(/[0-9]{{1,3}})?$"}),
]


def _url(value: Secret) -> Secret:
    if re.fullmatch(r"https?://[A-Za-z0-9\[][^\s/]*(/\S*)?", value.reveal()) is None:
        words = "must be a URL that begins with https:// or http://"
        raise PydanticCustomError("secret", "{words}", {"words": words})
    return value


SecretUrl = Annotated[
    Secret,
    AfterValidator(_url),
    WithJsonSchema({"type": "string", "writeOnly": True}),
]
