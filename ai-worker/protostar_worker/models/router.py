"""A question to whichever endpoint answers it. Another is asked until the first token came."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from protostar_worker.models.breaker import Breaker
from protostar_worker.models.chat import EndpointFailed, Messages, Spent, stream_chat
from protostar_worker.models.choice import Need, candidates, micro_usd_of, tokens_of
from protostar_worker.results import Failed, ResultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import aiohttp

    from protostar_worker.settings import Endpoint

log = logging.getLogger(__name__)

RETRY_S = 0.25  # The longest first wait; doubled with each retry, and a random part of it.


@dataclass(frozen=True, slots=True)
class Bill:
    endpoint: str
    tokens_in: int
    tokens_out: int
    micro_usd: int


@dataclass(slots=True)
class Answered:
    text: str
    endpoint: str
    model: str
    first_token_s: float
    bills: list[Bill] = field(default_factory=list)


class MidStreamError(Failed):
    """Tokens had been shown. The attempt is over; what it cost is paid all the same."""

    def __init__(self, why: str) -> None:
        super().__init__(ResultCode.MODEL_FAILED, f"in the middle of an answer: {why}")


def forget(_bill: Bill) -> None:
    """For who keeps no accounts."""


class Router:
    def __init__(self, session: aiohttp.ClientSession, endpoints: Sequence[Endpoint]) -> None:
        self._session, self._endpoints = session, endpoints
        self.breakers = {endpoint.name: Breaker() for endpoint in endpoints}
        self.on_failure: Callable[[str], None] = lambda _endpoint: None

    async def answer(
        self,
        need: Need,
        messages: Messages,
        on_token: Callable[[str], None],
        on_cut: Callable[[Bill], None] = forget,
    ) -> Answered:
        """`on_cut` gets what has to be paid when this ends by a failure or is cancelled."""
        chosen = candidates(self._endpoints, need, lambda name: self.breakers[name].lets_through)
        if not chosen:
            raise self._nobody(need)
        for endpoint, wait_s in _tries(chosen):
            if not self.breakers[endpoint.name].lets_through:
                continue
            await asyncio.sleep(wait_s)
            answered = await self._asked(endpoint, need, messages, on_token, on_cut)
            if answered is not None:
                return answered
        raise Failed(ResultCode.MODEL_FAILED, f"{len(chosen)} endpoints were asked")

    def _nobody(self, need: Need) -> Failed:
        # Health passes, so it is worth another attempt; the rest may be mended meanwhile.
        configured = candidates(self._endpoints, need, lambda _name: True)
        if configured:
            return Failed(ResultCode.MODEL_FAILED, "every endpoint for it is failing just now")
        return Failed(ResultCode.NO_MODEL)

    async def _asked(
        self,
        endpoint: Endpoint,
        need: Need,
        messages: Messages,
        on_token: Callable[[str], None],
        on_cut: Callable[[Bill], None],
    ) -> Answered | None:
        """The answer; None when it failed before anything of it was shown."""
        breaker, spent, parts = self.breakers[endpoint.name], Spent(), list[str]()
        breaker.begin()
        began_s, first_s = time.monotonic(), 0.0
        try:
            stream = stream_chat(self._session, endpoint, messages, need.answer_tokens, spent)
            async with aclosing(stream):
                async for piece in stream:
                    first_s = first_s or time.monotonic() - began_s
                    parts.append(piece)
                    on_token(piece)
        except EndpointFailed as failure:
            breaker.failed()
            self.on_failure(endpoint.name)
            log.warning("endpoint %s: %s", endpoint.name, failure)
            if not parts:
                return None
            on_cut(_bill(endpoint, need, parts, spent))
            raise MidStreamError(str(failure)) from None
        except asyncio.CancelledError:
            if parts:
                on_cut(_bill(endpoint, need, parts, spent))
            raise
        breaker.succeeded()
        bill = _bill(endpoint, need, parts, spent)
        return Answered("".join(parts), endpoint.name, endpoint.model, first_s, [bill])


def _tries(chosen: list[Endpoint]) -> Iterator[tuple[Endpoint, float]]:
    """Each endpoint with its retries, and how long to wait before."""
    for endpoint in chosen:
        for retry in range(endpoint.retries + 1):
            longest_s = RETRY_S * 2 ** (retry - 1) if retry else 0.0
            yield endpoint, random.uniform(0, longest_s)  # noqa: S311 - to spread, not to hide


def _bill(endpoint: Endpoint, need: Need, parts: list[str], spent: Spent) -> Bill:
    tokens_in = spent.tokens_in or tokens_of(need.chars)
    tokens_out = spent.tokens_out or tokens_of(sum(map(len, parts)))
    cost = micro_usd_of(endpoint, tokens_in, tokens_out)
    return Bill(endpoint.name, tokens_in, tokens_out, cost)
