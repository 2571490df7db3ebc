"""The S3 server that Centre runs, in a container; it can go away and come back."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from minio import Minio
from pydantic import SecretStr

from protostar_worker.settings import ObjectStore
from tests.worker.containers import Container, free_port, tag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

BUCKET, ACCESS, SECRET = "documents", "access-of-the-tests", "secret-of-the-tests"
IMAGE = "protostar/versitygw:1.8"
START_S = 20.0


@contextmanager
def made() -> Iterator[S3]:
    port = free_port()
    options = ("--quiet", "--port", f":{port}", "--iam-dir", "/iam")
    arguments = ("versitygw", *options, "posix", "/data")
    container = Container(f"worker-s3-{tag()}", port, IMAGE, arguments)
    keys = {"ROOT_ACCESS_KEY": ACCESS, "ROOT_SECRET_KEY": SECRET}
    try:
        container.start(*(f"--env={name}={value}" for name, value in keys.items()))
        yield S3(container)
    finally:
        container.remove()


@dataclass(frozen=True)
class S3:
    container: Container

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Through a stop and a start it keeps its objects and its port."""
        await asyncio.to_thread(self.container.go_on)
        try:
            await self._answers()
            yield
        finally:
            await asyncio.to_thread(self.container.pause)

    async def put(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self._put, key, content)

    def settings(self, **other: str) -> ObjectStore:
        return settings_at(self.container.port, **other)

    def _put(self, key: str, content: bytes) -> None:
        client = self._client()
        if not client.bucket_exists(BUCKET):
            client.make_bucket(BUCKET)
        client.put_object(BUCKET, key, BytesIO(content), len(content))

    def _client(self) -> Minio:
        return Minio(
            f"127.0.0.1:{self.container.port}", access_key=ACCESS, secret_key=SECRET, secure=False,
            region="us-east-1",
        )  # fmt: skip

    async def _answers(self) -> None:
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.container.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return


def settings_at(
    port: int, bucket: str = BUCKET, access_key: str = ACCESS, secret_key: str = SECRET
) -> ObjectStore:
    return ObjectStore(
        address=f"127.0.0.1:{port}", bucket=bucket, access_key=SecretStr(access_key),
        secret_key=SecretStr(secret_key), tls=False,
    )  # fmt: skip
