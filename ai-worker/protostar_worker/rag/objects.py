"""Files in the S3 store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from protostar_worker.results import Failed, Refused, ResultCode, Unavailable

if TYPE_CHECKING:
    from protostar_worker.settings import ObjectStore

FILE_BYTES_MAX = 100 * 2**20
# The library's own are five minutes each, five times over.
CONNECT_S, SILENCE_S = 2.0, 15.0


class Objects:
    """The client of the library is not asynchronous: each read is a thread's."""

    def __init__(self, settings: ObjectStore) -> None:
        self._settings = settings

    async def read(self, key: str) -> bytes:
        return await asyncio.to_thread(self._read, key)

    def _read(self, key: str) -> bytes:
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError

        try:
            return self._bounded(key)
        except S3Error as error:
            if error.code in {"NoSuchKey", "NoSuchBucket"}:
                raise Refused(ResultCode.DOCUMENT_NOT_FOUND, f"no object {key[:200]!r}") from None
            raise Failed(ResultCode.DOCUMENT_NOT_FOUND, f"the store: {error.code}") from None
        except (HTTPError, MinioException, OSError) as error:
            raise Unavailable(f"the object store: {type(error).__name__}") from error

    def _bounded(self, key: str) -> bytes:
        from minio import Minio
        from urllib3 import PoolManager, Timeout

        client = Minio(
            self._settings.address,
            access_key=self._settings.access_key.get_secret_value(),
            secret_key=self._settings.secret_key.get_secret_value(),
            secure=self._settings.tls,
            region="us-east-1",  # said, or the library asks the store before each read
            # The job is tried again, so the request is not.
            http_client=PoolManager(timeout=Timeout(CONNECT_S, SILENCE_S), retries=False),
        )
        response = client.get_object(self._settings.bucket, key)
        try:
            content: bytes = response.read(FILE_BYTES_MAX + 1)
        finally:
            response.close()
            response.release_conn()
        if len(content) > FILE_BYTES_MAX:
            raise Refused(ResultCode.TOO_LARGE, f"over {FILE_BYTES_MAX >> 20} MiB")
        return content
