"""The pool of connections to PostgreSQL, and what it means when the server is away."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from protostar_worker.results import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONNECTIONS_MAX = 8
WAIT_S = 10.0
STATEMENT_MS = 20_000

Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]


class Database:
    """Opened once. What changes something is a transaction: whole, or not at all.

    Connections are not tried before each use, which would cost as much as a query. After a restart
    of the server each dead one fails once, and a job that meets it is put back.
    """

    def __init__(self, url: str) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            open=False,
            min_size=1,
            max_size=CONNECTIONS_MAX,
            timeout=WAIT_S,
            reconnect_timeout=30.0,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": 5,
                "options": f"-c statement_timeout={STATEMENT_MS} -c application_name=ai-worker",
            },
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self.reading() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Each statement for itself: a BEGIN and a COMMIT would be two more on the way."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error

    async def ping(self) -> None:
        async with self.reading() as connection:
            await connection.execute("SELECT 1")
