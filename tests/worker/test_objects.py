"""Files come from an S3 store, by a signed request."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from protostar_worker.settings import ObjectStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worker.desk import Desk

pytestmark = pytest.mark.anyio
NO_KEY = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
DENIED = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"


@asynccontextmanager
async def store(**objects: bytes) -> AsyncIterator[ObjectStore]:
    async def read(request: web.Request) -> web.Response:
        if "AWS4-HMAC-SHA256 Credential=access/" not in request.headers.get("Authorization", ""):
            return web.Response(status=403, text=DENIED, content_type="application/xml")
        name = request.match_info["name"]
        if name not in objects:
            return web.Response(status=404, text=NO_KEY, content_type="application/xml")
        return web.Response(body=objects[name])

    app = web.Application()
    app.router.add_get("/bucket/{name}", read)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield settings_for(f"{host}:{port}")
    finally:
        await runner.cleanup()


def settings_for(address: str, access: str = "access") -> ObjectStore:
    return ObjectStore(
        address=address, bucket="bucket", access_key=SecretStr(access),
        secret_key=SecretStr("secret"), tls=False,
    )  # fmt: skip


async def test_a_file_of_the_store_is_indexed(desk: Desk, work: Any) -> None:
    async with store(handbook="# 휴가\n\n연차".encode()) as objects, work(object_store=objects):
        end = await desk.ingested(source={"s3Key": "handbook"})
        assert end.value is not None
        assert end.value["chunks"] == 1


async def test_one_that_is_not_there_is_refused_and_wrong_keys_are_tried_again(
    desk: Desk, work: Any
) -> None:
    async with store() as objects:
        async with work(object_store=objects):
            end = await desk.ingested(source={"s3Key": "absent"})
            assert end.reason == "DOCUMENT_NOT_FOUND: no object 'absent'"
        async with work(object_store=settings_for(objects.address, "other")):
            end = await desk.ingested(source={"s3Key": "absent"})
            assert end.reason == "DOCUMENT_NOT_FOUND: the store: AccessDenied"
