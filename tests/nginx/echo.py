"""What stands behind both paths: it says what reached it. Runs in a container of its own."""

from __future__ import annotations

import asyncio
import sys
from http import HTTPStatus

from aiohttp import WSMsgType, web

HTTP, RAW = 3000, 8888
HOLD_S = 30.0


async def headers(request: web.Request) -> web.Response:
    return web.json_response(dict(request.headers), headers={"Strict-Transport-Security": "0"})


async def posted(request: web.Request) -> web.Response:
    """What was asked for, and with which body."""
    return web.json_response({"asked": request.path_qs, "body": await request.text()})


async def stored(request: web.Request) -> web.Response:
    """An object of a bucket: its text is what was asked for, and by which headers."""
    name = request.match_info["name"]
    if name.startswith("hang"):
        await asyncio.sleep(HOLD_S)
    if name.startswith("missing"):
        return web.Response(status=HTTPStatus.FORBIDDEN, text="<Error><Code>AccessDenied</Code>")
    cached = {"Cache-Control": "max-age=1"} if name.startswith("short") else {}
    told = {"asked": request.path_qs, "headers": dict(request.headers)}
    return web.json_response(told, headers=cached)


async def events(request: web.Request) -> web.StreamResponse:
    """One event, and then nothing: who holds answers back until a buffer is full shows nothing."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: first\n\n")
    await asyncio.sleep(HOLD_S)
    return response


async def websocket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


async def capture(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A line on stdout for each connection: its PROXY header, and how its bytes begin."""
    try:
        line = await asyncio.wait_for(reader.readline(), 5)
        first = await asyncio.wait_for(reader.read(512), 5)
        sys.stdout.write(f"{line.decode().strip()} {first.hex()}\n")
        sys.stdout.flush()
    finally:
        writer.close()


async def main() -> None:
    app = web.Application()
    app.add_routes([web.get("/events", events), web.get("/ws", websocket)])
    app.add_routes([web.get("/static/{name:(?s:.*)}", stored)])
    app.add_routes([web.get("/{path:.*}", headers), web.post("/{path:.*}", posted)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", HTTP).start()  # noqa: S104 - the container's own
    await asyncio.start_server(capture, "0.0.0.0", RAW)  # noqa: S104 - the container's own
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
