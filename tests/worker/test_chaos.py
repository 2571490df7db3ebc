"""The benches of chaos and hand-over in their short form: what must hold, not how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.worker import chaos, handover

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worker.containers import Container
    from tests.worker.desk import Desk

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]


async def test_every_job_ends_once_while_all_is_killed_and_restarted(
    redis_server: tuple[Container, str],
    redis_url: str,
    postgres_server: tuple[Container, str],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chaos, "RESTART_EVERY_S", 2.0)
    monkeypatch.setattr(chaos, "KILL_EVERY_S", 2.5)
    monkeypatch.setattr(chaos, "RATE", 30)
    found = await chaos.troubled(redis_server[0], redis_url, postgres_server[0], database_url, 200)
    assert (found["jobs"], found["lost"], found["doubled"]) == (200, 0, 0)
    assert int(found["kills"]) >= 1
    assert int(found["restarts"]) >= 2


async def test_a_change_of_colour_loses_no_job_and_does_none_twice(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "STEADY_S", 2)
    monkeypatch.setattr(handover, "BETWEEN_S", 3)
    monkeypatch.setattr(handover, "RATE", 20)
    found = await handover.changing(desk, tmp_path, 2)
    assert (found["lost"], found["doubled"]) == (0, 0)
