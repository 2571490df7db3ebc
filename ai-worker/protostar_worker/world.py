"""Everything put together, once: the only place that knows which part goes into which."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import psycopg

from protostar_worker.answer.handle import Answering, Documents
from protostar_worker.answer.store import Store
from protostar_worker.answer.stream import StreamWriter
from protostar_worker.db.migrate import is_current, prepare_space
from protostar_worker.db.pool import Database
from protostar_worker.metrics import Metrics
from protostar_worker.models.router import Router
from protostar_worker.queue.bull import BullQueue, client
from protostar_worker.queue.consumer import Consumer, Limits
from protostar_worker.queue.marker import Marker
from protostar_worker.rag.analyst import Analyst
from protostar_worker.rag.embedders import Embedder
from protostar_worker.rag.index import Index
from protostar_worker.rag.ingest import Ingestion
from protostar_worker.rag.objects import Objects
from protostar_worker.rag.search import Search
from protostar_worker.results import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from redis.asyncio import Redis

    from protostar_worker.queue.bull import Taken
    from protostar_worker.settings import Settings


@dataclass(slots=True)
class World:
    """What is open while the worker runs. `open` needs no store to be there; `prepare` does."""

    settings: Settings
    database: Database
    redis: Redis
    session: aiohttp.ClientSession
    analyst: Analyst
    embedder: Embedder
    router: Router
    stream: StreamWriter
    store: Store
    metrics: Metrics
    keys: dict[str, bytes]

    @classmethod
    async def open(
        cls, settings: Settings, keys: dict[str, bytes], analyst: Analyst | None = None
    ) -> World:
        # Many streams at once, and an endpoint's own limit is its own to say.
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        redis = client(settings.redis_url.get_secret_value(), retries=3)
        database = Database(settings.database_url.get_secret_value())
        analyst = analyst or Analyst()
        world = cls(
            settings=settings,
            database=database,
            redis=redis,
            session=session,
            analyst=analyst,
            embedder=Embedder(settings.embedder, analyst, session),
            router=Router(session, settings.endpoints),
            stream=StreamWriter(redis),
            store=Store(database, settings.day_zone),
            metrics=Metrics(),
            keys=keys,
        )
        world.router.on_failure = lambda name: world.metrics.failures.labels(name).inc()
        world.stream.start()
        return world

    async def prepare(self) -> Index:
        """The index of this embedder's vectors, once the schema is there."""
        url = self.settings.database_url.get_secret_value()
        dimension = await self.embedder.dimension()
        space = await self.embedder.space()
        await self.database.open()
        try:
            if not await asyncio.to_thread(is_current, url):
                raise Unavailable("PostgreSQL: the schema is not current (migrate)")
            await asyncio.to_thread(prepare_space, url, space, dimension)
        except psycopg.OperationalError as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from error
        if self.settings.load_at_start:
            await self.analyst.words(["한국어"])
        return Index(self.database, space, dimension)

    def asking(self, index: Index) -> Answering:
        search = Search(index, self.embedder, self.analyst)
        answering = Answering(self.keys, self.store, search, self.router, self.stream)
        answering.on_stage = lambda stage, s: self.metrics.stage.labels(stage).observe(s)
        answering.on_answer = self.metrics.answered
        return answering

    def documents(self, index: Index) -> Documents:
        store = self.settings.object_store
        objects = Objects(store) if store else None
        ingestion = Ingestion(index, self.embedder, self.analyst, objects)
        return Documents(self.keys, self.store, ingestion)

    def consumer(
        self,
        queue: str,
        slots: int,
        handle: Callable[[Taken, str, str], Awaitable[dict[str, Any]]],
        graveyard: Answering,
    ) -> Consumer:
        url, settings = self.settings.redis_url.get_secret_value(), self.settings
        limits = Limits(slots, settings.lock_s, settings.stalled_check_s, settings.job_s)
        consumer = Consumer(
            BullQueue(url, queue, settings.lock_s),
            url,
            limits,
            Marker(settings.marker),
            lambda taken, attempt: handle(taken, queue, attempt),
            graveyard,
        )
        self.metrics.watch(consumer)
        return consumer

    def consumers(self, index: Index) -> list[Consumer]:
        settings, asking = self.settings, self.asking(index)
        documents = self.documents(index)
        return [
            self.consumer(settings.queue, settings.concurrency, asking.ask, asking),
            self.consumer(
                settings.ingest_queue, settings.ingest_concurrency, documents.change, asking
            ),
        ]

    async def close(self) -> None:
        await self.stream.close()
        await self.analyst.close()
        await self.database.close()
        await self.session.close()
        await self.redis.aclose()
