"""The example of a hook that runs before the switch."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from .running import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "examples.app.migrate"]


def env(path: Path, **more: str) -> dict[str, str]:
    return os.environ | {"MIGRATIONS": str(path), "PROTOSTAR_RELEASE": "r7"} | more


def test_each_run_leaves_one_line(tmp_path: Path) -> None:
    path = tmp_path / "migrations.log"
    for _ in range(2):
        subprocess.run(COMMAND, cwd=CHECKOUT, env=env(path), check=True, capture_output=True)
    assert path.read_text() == "migrated r7\n" * 2


def test_one_that_is_cut_short_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "migrations.log"
    with subprocess.Popen(COMMAND, cwd=CHECKOUT, env=env(path, MIGRATE_S="60")) as process:
        process.kill()
    assert not path.exists()


def test_one_that_cannot_write_fails(tmp_path: Path) -> None:
    run = subprocess.run(COMMAND, cwd=CHECKOUT, env=env(tmp_path), check=False, capture_output=True)
    assert run.returncode != 0
