"""A run: requests leave on time, answers come when they come, a report at the end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from .events import Event, Kind
from .holders import Line
from .report import Cost, Report, summarise
from .schedule import Arrival, arrivals
from .sender import Sender

if TYPE_CHECKING:
    from .options import Options

OnEvent = Callable[[Event], None]
OnStart = Callable[[], None]


def _ignore(*_arguments: object) -> None:
    """Nobody listens."""


class Load:
    """One run against one gateway. `on_event` hears of each request as it ends.

    `on_start` is called when requests begin to leave.
    """

    def __init__(
        self, options: Options, on_event: OnEvent = _ignore, on_start: OnStart = _ignore
    ) -> None:
        self.options = options
        self.events: list[Event] = []
        self._on_event = on_event
        self._on_start = on_start
        self._pacer: asyncio.Task[None] | None = None
        self._stopped = False
        self._max_lag_s = 0.0

    def stop(self) -> None:
        """Send nothing more. What is in flight is still waited for."""
        self._stopped = True
        if self._pacer is not None:
            self._pacer.cancel()

    async def run(self) -> Report:
        """Send every request of the schedule, wait for the last answer, count."""
        cpu_s = time.process_time()
        # Random, so that the ids of two runs on one store never meet.
        async with Sender(self.options, run_id=secrets.token_hex(4)) as sender:
            # httpx loads its event loop support with the first request, which would be 0.1 s late.
            await anyio.lowlevel.checkpoint()
            started_s = time.time()
            lines = _lines(self.options)
            holding = [asyncio.create_task(line.hold()) for line in lines]
            self._on_start()
            await self._send_all(sender, started_s)
            await _let_go(holding)
        for line in lines:
            self._note(line.event())
        span = (started_s, time.time())
        cost = Cost(round(self._max_lag_s, 4), _cpu_percent(cpu_s, span))
        return summarise(self.events, [line.held for line in lines], span, cost)

    async def _send_all(self, sender: Sender, started_s: float) -> None:
        """Return when the last answer is in. A request that is lost here ends the whole run."""
        async with asyncio.TaskGroup() as group:
            self._pacer = group.create_task(self._send_on_time(group, sender, started_s))
            if self._stopped:
                self._pacer.cancel()

    async def _send_on_time(
        self, group: asyncio.TaskGroup, sender: Sender, started_s: float
    ) -> None:
        for arrival in arrivals(self.options):
            due_s = started_s + arrival.offset_s
            await _until(due_s)
            group.create_task(self._send(sender, arrival, due_s))
        # Without it a run that only holds connections would be over at once.
        await _until(started_s + self.options.seconds)

    async def _send(self, sender: Sender, arrival: Arrival, due_s: float) -> None:
        self._max_lag_s = max(self._max_lag_s, time.time() - due_s)
        self._note(await sender.send(arrival, due_s))

    def _note(self, event: Event) -> None:
        self.events.append(event)
        self._on_event(event)


def _lines(options: Options) -> list[Line]:
    wanted: list[tuple[Kind, int]] = [("ws", options.websockets), ("stream", options.streams)]
    return [Line(kind, options) for kind, count in wanted for _ in range(count)]


async def _until(due_s: float) -> None:
    # Not even sleep(0) when late: nothing must come between a late request and the next.
    if (wait_s := due_s - time.time()) > 0:
        await asyncio.sleep(wait_s)


async def _let_go(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


def _cpu_percent(cpu_at_start_s: float, span: tuple[float, float]) -> float:
    return round(100 * (time.process_time() - cpu_at_start_s) / (span[1] - span[0]), 1)
