"""What the worker tells about itself over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from .consumer import Consumer
    from .settings import Settings


def not_ready_because(settings: Settings, consumer: Consumer) -> str | None:
    if not settings.behaviour.gets_ready:
        return "this version never gets ready"
    if not consumer.connected:
        return "no connection to the queue"
    return None


def report(settings: Settings, consumer: Consumer) -> dict[str, object]:
    return {
        "release": settings.release,
        "consuming": consumer.consuming,
        "in_flight": consumer.in_flight,
        "done": consumer.done,
        "failed": consumer.failed,
    }


def make_app(settings: Settings, consumer: Consumer) -> web.Application:
    async def ready(_request: web.Request) -> web.Response:
        reason = not_ready_because(settings, consumer)
        body = {"ready": reason is None} | report(settings, consumer)
        if reason is not None:
            return web.json_response(body | {"reason": reason}, status=503)
        return web.json_response(body)

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def name_release(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Release"] = settings.release
        response.headers["X-App-Version"] = settings.version

    app = web.Application()
    app.on_response_prepare.append(name_release)
    app.add_routes([web.get("/health/ready", ready), web.get("/health/live", live)])
    return app
