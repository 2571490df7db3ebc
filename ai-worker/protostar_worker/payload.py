"""What the backend may ask for, as it stands in the signed text."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from protostar_worker.results import Refused, ResultCode
from protostar_worker.roles import Role, role_of

CLOCKS_APART_MS = 2_000  # The backend's clock and Redis's job may disagree by this much.
INLINE_CHARS_MAX = 8 * 2**20

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}$")]


class Payload(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True
    )

    message_id: Identifier
    user_id: Identifier
    role: str
    expires_at: int  # milliseconds since 1970, as in JavaScript

    @property
    def rank(self) -> Role:
        return role_of(self.role)


class Ask(Payload):
    kind: Literal["ask"] = "ask"
    message: Annotated[str, Field(min_length=1)]
    # Assumed until the backend says otherwise: it knows what the question is about.
    personal: bool = True

    @field_validator("message")
    @classmethod
    def can_be_kept(cls, message: str) -> str:
        # What PostgreSQL cannot store: NUL, and half of a character.
        if "\x00" in message or any("\ud800" <= character <= "\udfff" for character in message):
            raise ValueError("has characters that are none")
        return message


class Source(BaseModel):
    """Where the file is: in the object store, or in the job itself."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    text: Annotated[str, Field(max_length=INLINE_CHARS_MAX)] | None = None
    base64: Annotated[str, Field(max_length=INLINE_CHARS_MAX)] | None = None
    s3_key: str | None = None


class Ingest(Payload):
    kind: Literal["ingest"]
    document_id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=300)]
    media: Literal["pdf", "docx", "html", "markdown", "text"]
    source: Source
    # Who may see it: this role and those above; with an owner, only that user.
    visible_to: str = "protostar"
    owner_id: Identifier | None = None


class Delete(Payload):
    kind: Literal["delete"]
    document_id: Identifier


AnyPayload = Annotated[Ask | Ingest | Delete, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Ask | Ingest | Delete] = TypeAdapter(AnyPayload)


def payload_from(body: str, enqueued_ms: int) -> Ask | Ingest | Delete:
    """The payload in a verified text.

    It must have been valid when it was put into the queue: how long it waited there is not the
    user's fault.
    """
    try:
        payload = _ADAPTER.validate_python(_object(body))
    except ValidationError as error:
        raise Refused(ResultCode.INVALID_REQUEST, _first(error)) from None
    if payload.expires_at + CLOCKS_APART_MS < enqueued_ms:
        raise Refused(ResultCode.EXPIRED)
    return payload


def _object(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(ResultCode.INVALID_REQUEST, "the payload is not JSON") from None
    if not isinstance(found, dict):
        raise Refused(ResultCode.INVALID_REQUEST, "the payload is not an object")
    return {"kind": "ask"} | found


def _first(error: ValidationError) -> str:
    details = error.errors(include_input=False, include_url=False)
    where = ".".join(str(part) for part in details[0]["loc"][1:])
    return f"{where or 'payload'}: {details[0]['msg']}"
