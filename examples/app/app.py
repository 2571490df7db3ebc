"""The routes of a small web application that stores orders and holds WebSockets and streams.

One image, four versions; what differs between them stands in settings.BEHAVIOUR alone.
Every answer names the release and the version that gave it.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from .settings import Settings, State
from .store import append_line, count_lines

SLOW_MAX_S = 60.0
STREAM_MAX_S = 3600.0
STREAM_EVERY_S = 0.25
TICK_EVERY_S = 1.0
ID_MAX_CHARS = 200

STATE = web.AppKey("state", State)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def ready(request: web.Request) -> web.Response:
    state = request.app[STATE]
    reason = state.not_ready_because()
    body = {"ready": reason is None, "release": state.settings.release}
    if reason is not None:
        return web.json_response(body | {"reason": reason}, status=503)
    return web.json_response(body)


async def live(_request: web.Request) -> web.Response:
    return web.json_response({"live": True})


async def front(request: web.Request) -> web.Response:
    settings = request.app[STATE].settings
    return web.json_response(
        {
            "title": settings.behaviour.title,
            "paint": settings.behaviour.paint,
            "version": settings.version,
            "release": settings.release,
            "colour": settings.colour,
        }
    )


async def slow(request: web.Request) -> web.Response:
    wait_s = _seconds(request, "1", SLOW_MAX_S)
    await asyncio.sleep(wait_s)
    return web.json_response({"slept_s": wait_s})


async def store_order(request: web.Request) -> web.Response:
    settings = request.app[STATE].settings
    order_id = await _order_id(request)
    append_line(settings.store, f"{order_id} {settings.release}\n")
    return web.json_response({"id": order_id}, status=201)


async def count_orders(request: web.Request) -> web.Response:
    return web.json_response({"count": count_lines(request.app[STATE].settings.store)})


async def upload(request: web.Request) -> web.Response:
    digest, length = hashlib.sha256(), 0
    async for chunk in request.content.iter_any():
        digest.update(chunk)
        length += len(chunk)
    return web.json_response({"length": length, "sha256": digest.hexdigest()})


async def stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events, one each quarter of a second for ?s=N seconds."""
    events = round(_seconds(request, "5", STREAM_MAX_S) / STREAM_EVERY_S)
    # X-Accel-Buffering: a proxy must hand each event on at once instead of filling a buffer first.
    headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    release = request.app[STATE].settings.release
    with suppress(ConnectionResetError):  # A listener who leaves is no error.
        for number in range(events):
            await response.write(f"id: {number}\ndata: {release}\n\n".encode())
            await asyncio.sleep(STREAM_EVERY_S)
        await response.write_eof()
    return response


async def websocket(request: web.Request) -> web.WebSocketResponse:
    """Echo every text, and tell the release once a second."""
    state = request.app[STATE]
    socket = web.WebSocketResponse(timeout=2.0)
    await socket.prepare(request)
    state.sockets.add(socket)
    ticker = asyncio.create_task(_tick(socket, state.settings.release))
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
    finally:
        ticker.cancel()
        state.sockets.discard(socket)
    return socket


async def _tick(socket: web.WebSocketResponse, release: str) -> None:
    with suppress(ConnectionResetError):  # The client is gone: the reading side sees it too.
        for number in itertools.count():
            await socket.send_json({"tick": number, "release": release})
            await asyncio.sleep(TICK_EVERY_S)


async def _order_id(request: web.Request) -> str:
    try:
        order_id = (await request.json())["id"]
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest(text='send {"id": "..."}') from None
    if not isinstance(order_id, str) or not 0 < len(order_id) <= ID_MAX_CHARS:
        raise web.HTTPBadRequest(text=f"id: a text of 1 to {ID_MAX_CHARS} characters")
    if any(not char.isprintable() or char.isspace() for char in order_id):
        raise web.HTTPBadRequest(text="id: no spaces and no line ends")
    return order_id


def _seconds(request: web.Request, default: str, limit_s: float) -> float:
    try:
        wait_s = float(request.query.get("s", default))
    except ValueError:
        raise web.HTTPBadRequest(text="s: a number of seconds") from None
    # Not a number compares false with everything, so it is refused here too.
    if not 0 <= wait_s <= limit_s:
        raise web.HTTPBadRequest(text=f"s: 0 to {limit_s:g}")
    return wait_s


@web.middleware
async def track(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Know how many requests are in flight; at the end, ask kept connections to go."""
    state = request.app[STATE]
    state.begin()
    try:
        response = await handler(request)
        if state.stopping:
            response.force_close()
        return response
    finally:
        state.end()


@web.middleware
async def collapse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """After its good answers a version that collapses answers 500, but never to health routes."""
    state = request.app[STATE]
    if request.path.startswith("/health/"):
        return await handler(request)
    if state.has_collapsed():
        return web.json_response({"error": "the core has collapsed"}, status=500)
    state.answered += 1
    return await handler(request)


async def name_release(request: web.Request, response: web.StreamResponse) -> None:
    settings = request.app[STATE].settings
    response.headers["X-Release"] = settings.release
    response.headers["X-App-Version"] = settings.version


async def finish(app: web.Application) -> None:
    """Bring what is in flight to its end, within the time that the settings give.

    The server's own shutdown waits too, but it no longer reads: an upload would never end.
    """
    state = app[STATE]
    state.stopping = True
    going_away = (s.close(code=WSCloseCode.GOING_AWAY) for s in list(state.sockets))
    with suppress(TimeoutError):
        async with asyncio.timeout(state.settings.shutdown_s):
            await asyncio.gather(*going_away)
            await state.idle.wait()


def make_app(settings: Settings) -> web.Application:
    app = web.Application(middlewares=[track, collapse])
    app[STATE] = State(settings)
    app.on_response_prepare.append(name_release)
    app.add_routes(
        [
            web.get("/", front),
            web.get("/health/ready", ready),
            web.get("/health/live", live),
            web.get("/slow", slow),
            web.post("/orders", store_order),
            web.get("/orders/count", count_orders),
            web.post("/upload", upload),
            web.get("/ws", websocket),
            web.get("/stream", stream),
        ]
    )
    return app
