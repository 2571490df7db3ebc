"""An S3 server on localhost, its objects in a folder; it can go away and come back."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from minio import Minio
from pydantic import SecretStr

from protostar_worker.settings import ObjectStore
from tests.worker.containers import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BUCKET, ACCESS, SECRET = "documents", "access-of-the-tests", "secret-of-the-tests"
SERVER = Path(sys.executable).with_name("versitygw")
START_S = 20.0


@dataclass
class S3:
    folder: Path
    port: int = field(default_factory=free_port)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Through a stop and a start it keeps its objects and its port."""
        for part in ("objects", "about"):
            (self.folder / part).mkdir(exist_ok=True)
        # --sidecar: what is known of an object stands in files; not every file system has xattrs.
        child = await asyncio.create_subprocess_exec(
            SERVER, "--quiet", "--port", f"127.0.0.1:{self.port}",
            "posix", "--sidecar", self.folder / "about", self.folder / "objects",
            env=os.environ | {"ROOT_ACCESS_KEY": ACCESS, "ROOT_SECRET_KEY": SECRET},
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await self._answers()
            yield
        finally:
            child.kill()
            await child.wait()

    async def put(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self._put, key, content)

    def settings(self, **other: str) -> ObjectStore:
        told = {"bucket": BUCKET, "access_key": ACCESS, "secret_key": SECRET} | other
        return store_at(self.port, **told)

    def _put(self, key: str, content: bytes) -> None:
        client = self._client()
        if not client.bucket_exists(BUCKET):
            client.make_bucket(BUCKET)
        client.put_object(BUCKET, key, BytesIO(content), len(content))

    def _client(self) -> Minio:
        return Minio(
            f"127.0.0.1:{self.port}", access_key=ACCESS, secret_key=SECRET, secure=False,
            region="us-east-1",
        )  # fmt: skip

    async def _answers(self) -> None:
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return


def store_at(port: int, *, bucket: str, access_key: str, secret_key: str) -> ObjectStore:
    return ObjectStore(
        address=f"127.0.0.1:{port}", bucket=bucket, access_key=SecretStr(access_key),
        secret_key=SecretStr(secret_key), tls=False,
    )  # fmt: skip
