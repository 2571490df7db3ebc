"""A job from its signature to its return value; reads as the way that an answer takes."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from protostar_worker.answer.prompt import chars_of, citations_of, messages_for
from protostar_worker.answer.store import DeadLetter, Store, Usage
from protostar_worker.models.choice import Need
from protostar_worker.models.personal import looks_personal
from protostar_worker.models.router import Answered, MidStreamError
from protostar_worker.payload import Ask, Delete, Ingest, payload_from
from protostar_worker.rag.index import Passage, Reader
from protostar_worker.results import Failed, Problem, Refused, ResultCode, Unavailable
from protostar_worker.roles import BOUNDS, check_ingest, check_message
from protostar_worker.signing import verified_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from protostar_worker.answer.stream import StreamWriter
    from protostar_worker.models.chat import Messages
    from protostar_worker.models.router import Bill, Router
    from protostar_worker.queue.bull import Taken
    from protostar_worker.rag.ingest import Ingestion
    from protostar_worker.rag.search import Search


SEARCH_S = 20.0  # The endpoints have time-outs of their own, and so has each statement.
KEEP_AGAIN_S = (0.1, 0.5, 2.0)


class Answering:
    """What the jobs of both queues need, and what is done with them."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        store: Store,
        search: Search,
        router: Router,
        stream: StreamWriter,
    ) -> None:
        self._keys, self._store, self._search = keys, store, search
        self._router, self._stream = router, stream
        self.on_stage: Callable[[str, float], None] = lambda _stage, _took_s: None
        self.on_answer: Callable[[Answered], None] = lambda _answered: None

    async def ask(self, taken: Taken, queue: str, attempt: str) -> dict[str, Any]:
        with self._stage("verify"):
            ask = verified(taken, self._keys)
            if not isinstance(ask, Ask):
                raise Refused(ResultCode.INVALID_REQUEST, f"{ask.kind} belongs in the other queue")
            check_message(ask.rank, ask.message)
        with self._stage("claim"):
            claim = await self._store.claim(ask, queue, taken.identity, attempt)
        if claim.kept is not None:
            # Whoever reads the stream may not have been told, when the worker died just then.
            self._stream.add(ask.message_id, "end", claim.kept)
            return claim.kept
        self._stream.add(ask.message_id, "start", {"attempt": claim.attempts})
        await taken.progress("search")
        with self._stage("search"):
            passages = await self._passages(ask)
        await taken.progress("model")
        with self._stage("model"):
            answered = await self._answered(ask, passages, claim.micro_usd_left)
        result = result_of(ask, answered, passages)
        with self._stage("keep"):
            await self._kept(ask, attempt, result, usages_of(answered.bills))
        self._stream.add(ask.message_id, "end", result)
        self.on_answer(answered)
        return result

    async def _passages(self, ask: Ask) -> list[Passage]:
        reader = Reader(ask.user_id, ask.rank)
        try:
            async with asyncio.timeout(SEARCH_S):
                return await self._search.passages(reader, ask.message, personal=ask.personal)
        except TimeoutError:
            raise Failed(ResultCode.UNAVAILABLE, f"no passages within {SEARCH_S:g} s") from None

    async def _answered(self, ask: Ask, passages: list[Passage], micro_usd_left: int) -> Answered:
        messages = messages_for(ask.message, passages)
        need = need_of(ask, passages, messages, micro_usd_left)

        def show(piece: str) -> None:
            self._stream.add(ask.message_id, "token", {"text": piece})

        owed: list[Bill] = []
        try:
            return await self._router.answer(need, messages, show, owed.append)
        except MidStreamError:
            await self._store.spent(ask.user_id, usages_of(owed))
            raise
        except asyncio.CancelledError:
            # The user, the time limit or a lost lock ends the job, not the accounts.
            with suppress(Unavailable):  # nor does a database that is away keep it going
                await self._store.spent(ask.user_id, usages_of(owed))
            raise

    async def _kept(
        self, ask: Ask, attempt: str, result: dict[str, Any], usages: list[Usage]
    ) -> None:
        """What a model was paid for is not thrown away because the database restarts."""
        for wait_s in KEEP_AGAIN_S:
            try:
                return await self._store.finish(ask, attempt, result, usages)
            except Unavailable:
                await asyncio.sleep(wait_s)
        return await self._store.finish(ask, attempt, result, usages)

    async def bury(
        self, queue: str, taken: Taken, attempt: str, problem: Problem
    ) -> dict[str, Any] | None:
        """The end of a job without an answer. An answer that was kept before it stands."""
        letter = DeadLetter(queue, taken.identity, problem, taken.attempts)
        message_id = trusted_message_id(taken, self._keys)
        kept = await self._store.bury(letter, message_id, attempt)
        if message_id and kept is None and problem.code is not ResultCode.REPLAYED:
            told = {"resultCode": problem.code, "message": str(problem)}
            self._stream.add(message_id, "problem", told)
        return kept

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began_s = time.monotonic()
        yield
        self.on_stage(name, time.monotonic() - began_s)


class Documents:
    """The jobs of the other queue."""

    def __init__(self, keys: Mapping[str, bytes], store: Store, ingestion: Ingestion) -> None:
        self._keys, self._store, self._ingestion = keys, store, ingestion

    async def change(self, taken: Taken, queue: str, attempt: str) -> dict[str, Any]:
        payload = verified(taken, self._keys)
        if isinstance(payload, Ask):
            raise Refused(ResultCode.INVALID_REQUEST, "ask belongs in the other queue")
        check_ingest(payload.rank)
        claim = await self._store.claim(payload, queue, taken.identity, attempt)
        if claim.kept is not None:
            return claim.kept
        await taken.progress(payload.kind)
        result = await self._done(payload, taken.enqueued_ms)
        await self._store.finish(payload, attempt, result, [])
        return result

    async def _done(self, payload: Ingest | Delete, enqueued_ms: int) -> dict[str, Any]:
        if isinstance(payload, Ingest):
            return await self._ingestion.ingest(payload, enqueued_ms)
        return await self._ingestion.delete(payload, enqueued_ms)


def verified(taken: Taken, keys: Mapping[str, bytes]) -> Ask | Ingest | Delete:
    payload = payload_from(verified_body(taken.data, keys), taken.enqueued_ms)
    _ = payload.rank  # An unknown role is refused before anything is done for it.
    return payload


def trusted_message_id(taken: Taken, keys: Mapping[str, bytes]) -> str | None:
    try:
        return verified(taken, keys).message_id
    except Problem:
        return None


def need_of(ask: Ask, passages: list[Passage], messages: Messages, micro_usd_left: int) -> Need:
    """Personal is what the backend says, what is one user's own, and what has the form of it."""
    private = any(passage.is_private for passage in passages)
    looks = any(looks_personal(message["content"]) for message in messages)
    return Need(
        role=ask.rank,
        chars=chars_of(messages),
        answer_tokens=BOUNDS[ask.rank].answer_tokens,
        personal=ask.personal or private or looks,
        micro_usd_left=micro_usd_left,
    )


def result_of(ask: Ask, answered: Answered, passages: list[Passage]) -> dict[str, Any]:
    return {
        "messageId": ask.message_id,
        "text": answered.text,
        "citations": citations_of(passages),
        "endpoint": answered.endpoint,
        "model": answered.model,
    }


def usages_of(bills: list[Bill]) -> list[Usage]:
    return [Usage(bill.endpoint, bill.tokens_in, bill.tokens_out, bill.micro_usd) for bill in bills]
