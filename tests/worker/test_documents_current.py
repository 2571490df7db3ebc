"""What is written about the worker is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bench.worker.readme import README, current
from protostar_worker.settings import Settings
from tests.worker.desk import KEY

if TYPE_CHECKING:
    import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
GUIDE = (CHECKOUT / "ai-worker/README.md").read_text(encoding="utf-8")


def test_the_tables_of_the_benches_are_current() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == current(text), "python -m bench.worker.readme"


def test_every_setting_is_described_and_nothing_else() -> None:
    table = GUIDE[GUIDE.index("## Settings") : GUIDE.index("## Inside")]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    described = {name for row in rows[1:] for name in re.findall(r"`([A-Z_]+)`", row)}
    assert described == {name.upper() for name in Settings.model_fields}


def test_the_example_of_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    example = (CHECKOUT / "compose/a5/ai-worker.example.env").read_text(encoding="utf-8")
    for line in example.splitlines():
        if line.startswith("PROTOSTAR_"):
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value.replace("AT LEAST 32 BYTES OF RANDOM", KEY))
    settings = Settings()
    assert [endpoint.personal_data for endpoint in settings.endpoints] == [True, False]
