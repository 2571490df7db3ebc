"""Every answer in the same form, errors of the framework and of this code too."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from protostar_worker.results import Problem, ResultCode, envelope

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 64 * 2**10
SERVER_ERRORS = 500
STATUS = {
    ResultCode.OK: 200,
    ResultCode.INVALID_REQUEST: 422,
    ResultCode.NOT_FOUND: 404,
    ResultCode.METHOD_NOT_ALLOWED: 405,
    ResultCode.TOO_LARGE: 413,
    ResultCode.TOO_MANY_REQUESTS: 429,
    ResultCode.NOT_PERMITTED: 403,
    ResultCode.NO_MODEL: 503,
    ResultCode.MODEL_FAILED: 502,
    ResultCode.NOT_READY: 503,
    ResultCode.UNAVAILABLE: 503,
}


class Envelope(BaseModel):
    """What every answer of this service is."""

    resultCode: ResultCode  # noqa: N815 - the wire speaks the backend's camelCase
    data: dict[str, Any] | list[Any] | None
    message: str


def answer(
    code: ResultCode, data: dict[str, Any] | list[Any] | None = None, message: str = ""
) -> JSONResponse:
    return JSONResponse(envelope(code, data, message), STATUS.get(code, 500))


def wrap_errors(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(BoundedBody)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"]), "problem": fault["msg"]}
        for fault in error.errors()
    ]
    return answer(ResultCode.INVALID_REQUEST, {"faults": faults})


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    by_status = {status: code for code, status in STATUS.items() if status < SERVER_ERRORS}
    code = by_status.get(error.status_code, ResultCode.INVALID_REQUEST)
    return JSONResponse(envelope(code), error.status_code, headers=error.headers)


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - registered for it
    return answer(error.code, None, str(error))


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    number = uuid.uuid4().hex[:12]
    log.error("request %s: %s %s", number, request.method, request.url.path, exc_info=error)
    return answer(ResultCode.INTERNAL, {"requestId": number})


class BoundedBody:
    """Refuses a body that is too large while it comes, whatever its header said."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > BODY_BYTES_MAX:
                # The framework's own kind: any other it takes for a body that is not readable.
                raise HTTPException(STATUS[ResultCode.TOO_LARGE])
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)
