"""Whose words they are: the whole payload under an HMAC, checked before any of it is believed.

What is signed is the text itself and not the fields: two languages never write the same object
in the same bytes, and a canonical form is one more thing to get wrong.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from protostar_worker.results import Refused, ResultCode

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = b"protostar.v1"  # No signature of another protocol with the same key fits this one.
BODY_BYTES_MAX = 12 * 2**20
KEY_BYTES_MIN = 32


class SignedBody(BaseModel):
    """What lies in the queue: the payload as JSON text, and who vouches for it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    body: str
    keyId: str  # noqa: N815 - the wire speaks the backend's camelCase
    signature: str


def signature_of(body: str, key_id: str, secret: bytes) -> str:
    signed = b"\n".join((PREFIX, key_id.encode(), body.encode("utf-8", "surrogatepass")))
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def sign(body: str, key_id: str, secret: bytes) -> dict[str, str]:
    return {"body": body, "keyId": key_id, "signature": signature_of(body, key_id, secret)}


def verified_body(data: Any, keys: Mapping[str, bytes]) -> str:  # noqa: ANN401 - nothing is known of it
    """The text of the payload, once its signature holds. While keys rotate, two of them do."""
    signed = _signed(data)
    secret = keys.get(signed.keyId)
    if secret is None:
        raise Refused(ResultCode.WRONG_SIGNATURE, f"there is no key {signed.keyId[:40]!r}")
    right = signature_of(signed.body, signed.keyId, secret)
    if not hmac.compare_digest(right.encode(), signed.signature.encode("utf-8", "replace")):
        raise Refused(ResultCode.WRONG_SIGNATURE)
    return signed.body


def _signed(data: object) -> SignedBody:
    try:
        signed = SignedBody.model_validate(data)
    except ValidationError:
        # Not pydantic's words: they would repeat what somebody unknown has sent.
        raise Refused(ResultCode.UNSIGNED, "expected {body, keyId, signature}, all text") from None
    if len(signed.body) > BODY_BYTES_MAX:
        raise Refused(ResultCode.TOO_LARGE, f"the payload is over {BODY_BYTES_MAX >> 20} MiB")
    return signed
