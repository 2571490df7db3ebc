"""The stores, once for all tests; a database, a Redis and a desk for each."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from protostar_worker.rag.analyst import Analyst
from protostar_worker.settings import Endpoint, Settings
from tests.worker.containers import Container, database_on, postgres_running, redis_running
from tests.worker.desk import Desk, Running, running
from tests.worker.scripted import Scripted, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager


@pytest.fixture(scope="session")
def redis_server() -> Iterator[tuple[Container, str]]:
    with redis_running() as found:
        yield found


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[tuple[Container, str]]:
    with postgres_running() as found:
        yield found


@pytest.fixture
def redis_url(redis_server: tuple[Container, str]) -> str:
    redis = Redis.from_url(redis_server[1])
    redis.flushall()
    redis.close()
    return redis_server[1]


@pytest.fixture
def database_url(postgres_server: tuple[Container, str]) -> Iterator[str]:
    with database_on(postgres_server[1]) as url:
        yield url


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


class KeptAnalyst(Analyst):
    """The Korean analyser takes seconds to load: once for all tests."""

    async def close(self) -> None:
        pass


@pytest.fixture(scope="session")
async def analyst(anyio_backend: str) -> AsyncIterator[Analyst]:
    analyst = KeptAnalyst()
    yield analyst
    await Analyst.close(analyst)


@pytest.fixture
async def endpoint(anyio_backend: str) -> AsyncIterator[Scripted]:
    async with served() as scripted:
        yield scripted


@pytest.fixture
async def desk(redis_url: str, database_url: str, anyio_backend: str) -> AsyncIterator[Desk]:
    desk = Desk(redis_url, database_url)
    yield desk
    await desk.close()


@pytest.fixture
def local(endpoint: Scripted) -> Endpoint:
    return Endpoint(name="local", base_url=endpoint.base_url, model="m", personal_data=True)


@pytest.fixture
def work(
    desk: Desk, local: Endpoint, analyst: Analyst
) -> Callable[..., AbstractAsyncContextManager[Running]]:
    """A worker with one endpoint, unless told otherwise."""

    @asynccontextmanager
    async def start(*endpoints: Endpoint, **settings: Any) -> AsyncIterator[Running]:
        told = desk.settings(*(endpoints or (local,)), **settings)
        async with running(told, analyst) as found:
            yield found

    return start


@pytest.fixture
async def worker(
    work: Callable[..., AbstractAsyncContextManager[Running]], anyio_backend: str
) -> AsyncIterator[Running]:
    async with work() as found:
        yield found


@pytest.fixture
def desk_settings() -> Callable[..., Settings]:
    return Settings
