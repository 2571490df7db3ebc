"""The routes. Reached through the gateway; what is not for everybody is off unless told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field

from protostar_worker import __version__
from protostar_worker.answer.stream import events_of
from protostar_worker.http.envelopes import Envelope, answer, wrap_errors
from protostar_worker.http.limiter import Limiter
from protostar_worker.psych.questions import LEAST, MOST, QUESTIONS, SIDES, score_of
from protostar_worker.psych.reading import reading_of
from protostar_worker.rag.embedders import DEVELOPMENT_SAYS
from protostar_worker.results import Problem, ResultCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from protostar_worker.service import Service


class Answers(BaseModel):
    """What somebody chose: a number for each statement, in their order."""

    model_config = ConfigDict(extra="forbid")

    answers: Annotated[
        list[Annotated[int, Field(ge=LEAST, le=MOST, strict=True)]],
        Field(min_length=len(QUESTIONS), max_length=len(QUESTIONS)),
    ]


def make_app(service: Service) -> FastAPI:
    app = FastAPI(
        title="Protostar AI worker",
        version=__version__,
        responses={422: {"model": Envelope}, 500: {"model": Envelope}},
    )
    wrap_errors(app)

    @app.middleware("http")
    async def name_release(
        request: Request, call: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call(request)
        response.headers["X-Release"] = service.settings.release
        return response

    _add_health(app, service)
    _add_psych_test(app, service)
    if service.settings.development:
        _add_events(app, service)
    return app


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/live", response_model=Envelope)
    async def live() -> JSONResponse:
        return answer(ResultCode.OK, {"live": True})

    @app.get("/ready", response_model=Envelope)
    async def ready() -> JSONResponse:
        reason = await not_ready_because(service)
        data = report(service) | ({"reason": reason} if reason else {})
        return answer(ResultCode.NOT_READY if reason else ResultCode.OK, data)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """In Prometheus's own text: what reads it knows no envelope."""
        for consumer in service.consumers:
            if consumer.connected:
                await service.world.metrics.read_queue(consumer)
        for name, breaker in service.world.router.breakers.items():
            service.world.metrics.breaker_open.labels(name).set(not breaker.lets_through)
        service.world.metrics.dropped.set(service.world.stream.dropped)
        return Response(service.world.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def not_ready_because(service: Service) -> str | None:
    if service.waits_for:
        return service.waits_for
    lost = [one.queue.name for one in service.consumers if not one.connected]
    if lost:
        return f"no connection to the queue {', '.join(lost)}"
    try:
        await service.world.database.ping()
    except Problem as problem:
        return str(problem)
    return None


def report(service: Service) -> dict[str, Any]:
    """What a deploy reads: whether jobs are taken, and how many are in hand."""
    consumers, world = service.consumers, service.world
    notes = [DEVELOPMENT_SAYS] if world.embedder.kind == "development" else []
    return {
        "release": service.settings.release,
        "consuming": bool(consumers) and all(one.consuming for one in consumers),
        "in_flight": sum(one.in_flight for one in consumers),
        "done": sum(one.counts.done for one in consumers),
        "failed": sum(one.counts.failed for one in consumers),
        "notes": notes,
    }


def _add_psych_test(app: FastAPI, service: Service) -> None:
    limiter = Limiter(service.settings.psych_tests_a_minute)

    @app.get("/v1/psych-test", response_model=Envelope)
    async def questions() -> JSONResponse:
        asked = [{"number": n, "text": one.text} for n, one in enumerate(QUESTIONS, start=1)]
        scale = {"least": LEAST, "most": MOST}
        return answer(ResultCode.OK, {"questions": asked, "scale": scale, "sides": SIDES})

    @app.post("/v1/psych-test", response_model=Envelope)
    async def reading(
        answers: Answers, request: Request, x_real_ip: Annotated[str, Header()] = ""
    ) -> JSONResponse:
        """Scored here, read by a model. Nothing of it is stored."""
        # The gateway sets the header anew for each request; without a gateway it is the peer.
        address = x_real_ip or (request.client.host if request.client else "")
        if not limiter.allows(address):
            return answer(ResultCode.TOO_MANY_REQUESTS)
        score = score_of(answers.answers)
        found = {"sides": score.sides, "strongest": score.strongest}
        try:
            text = await reading_of(score, service.world.router)
        except Problem as problem:
            return answer(problem.code, found, str(problem))
        return answer(ResultCode.OK, found | {"reading": text})


def _add_events(app: FastAPI, service: Service) -> None:
    @app.get("/v1/chat/{message_id}/events")
    async def events(
        message_id: str, last_event_id: Annotated[str, Header(pattern=r"^\d+(-\d+)?$")] = "0"
    ) -> StreamingResponse:
        """The stream of an answer as server-sent events, for development.

        Nobody is asked who they are here. The backend reads the Redis stream itself.
        """
        found = events_of(service.world.redis, message_id, last_event_id)
        return StreamingResponse(_as_lines(found), media_type="text/event-stream")


async def _as_lines(found: AsyncIterator[tuple[str, str, str]]) -> AsyncIterator[str]:
    async for entry, event, data in found:
        # A comment while nothing comes: whoever has gone is noticed by it.
        yield ": idle\n\n" if event == "idle" else f"id: {entry}\nevent: {event}\ndata: {data}\n\n"
