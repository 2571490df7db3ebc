"""Serve a scripted endpoint by hand: `python -m tests.worker`; it prints its address."""

from __future__ import annotations

import asyncio

from tests.worker.scripted import served


async def main() -> None:
    async with served() as scripted:
        print(scripted.base_url, flush=True)  # noqa: T201 - it is what this is for
        await asyncio.Event().wait()


asyncio.run(main())
