"""What every answer says about itself: one enum, one envelope, two kinds of failure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class ResultCode(StrEnum):
    """How it ended. A contract with the backend: values are added, never renamed or removed."""

    OK = "OK"
    # The request itself.
    INVALID_REQUEST = "INVALID_REQUEST"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    # Who asks.
    UNSIGNED = "UNSIGNED"
    WRONG_SIGNATURE = "WRONG_SIGNATURE"
    EXPIRED = "EXPIRED"
    REPLAYED = "REPLAYED"
    UNKNOWN_ROLE = "UNKNOWN_ROLE"
    NOT_PERMITTED = "NOT_PERMITTED"
    QUOTA_EXHAUSTED = "QUOTA_EXHAUSTED"
    # The answer.
    NO_MODEL = "NO_MODEL"
    MODEL_FAILED = "MODEL_FAILED"
    CANCELLED = "CANCELLED"
    STALLED = "STALLED"
    # Documents.
    DOCUMENT_UNREADABLE = "DOCUMENT_UNREADABLE"
    DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
    WRONG_DIMENSION = "WRONG_DIMENSION"
    EMBEDDER_FAILED = "EMBEDDER_FAILED"
    # The worker.
    NOT_READY = "NOT_READY"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


MEANINGS: dict[ResultCode, str] = {
    ResultCode.OK: "it was done",
    ResultCode.INVALID_REQUEST: "a field is missing, of another type, or out of its bounds",
    ResultCode.NOT_FOUND: "there is nothing at this path, or no such message",
    ResultCode.METHOD_NOT_ALLOWED: "the path is there, but not for this method",
    ResultCode.TOO_LARGE: "the message or the document is larger than its bound",
    ResultCode.TOO_MANY_REQUESTS: "this address asked too often; try again in a minute",
    ResultCode.UNSIGNED: "the job carries no signature, or one of another form",
    ResultCode.WRONG_SIGNATURE: "no valid key gives this signature",
    ResultCode.EXPIRED: "it had run out before it was put into the queue",
    ResultCode.REPLAYED: "another job brought a message of this id before",
    ResultCode.UNKNOWN_ROLE: "the role is none of guest, stargazer, protostar",
    ResultCode.NOT_PERMITTED: "the role may not do this",
    ResultCode.QUOTA_EXHAUSTED: "the user's questions or budget of today are used up",
    ResultCode.NO_MODEL: "no configured endpoint may take this question",
    ResultCode.MODEL_FAILED: "every endpoint that may take it failed, at each attempt",
    ResultCode.CANCELLED: "it was cancelled before it was answered",
    ResultCode.STALLED: "its worker died twice while working on it",
    ResultCode.DOCUMENT_UNREADABLE: "the file is broken, encrypted, or not of its stated type",
    ResultCode.DOCUMENT_NOT_FOUND: "the object store has no such object, or the index no such id",
    ResultCode.WRONG_DIMENSION: "the embedder gives vectors of another dimension than the index",
    ResultCode.EMBEDDER_FAILED: "the embedder is missing or answered with an error",
    ResultCode.NOT_READY: "the worker cannot take jobs now; `data` says why",
    ResultCode.UNAVAILABLE: "a store is away; the job is tried again and loses no attempt",
    ResultCode.INTERNAL: "an error that is not the caller's; the log has it under the request id",
}


def envelope(
    code: ResultCode, data: dict[str, Any] | list[Any] | None = None, message: str = ""
) -> dict[str, Any]:
    return {"resultCode": code.value, "data": data, "message": message or MEANINGS[code]}


class Problem(Exception):
    """Why something did not end well, in words that may be shown to the user."""

    def __init__(self, code: ResultCode, message: str = "") -> None:
        super().__init__(message or MEANINGS[code])
        self.code = code

    @property
    def reason(self) -> str:
        return f"{self.code}: {self}"


class Refused(Problem):
    """No further attempt can mend it: it goes to the dead letters at once."""


class Failed(Problem):
    """The next attempt may succeed."""


class Unavailable(Problem):
    """A store is away. That is nobody's fault: no attempt is used up."""

    def __init__(self, message: str) -> None:
        super().__init__(ResultCode.UNAVAILABLE, message)


class AttemptLostError(Exception):
    """Another attempt has taken over this job; whatever this one still does must leave no trace."""
