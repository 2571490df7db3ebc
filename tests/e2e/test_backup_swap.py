"""The rename that puts a restored folder in place: with the backup image's own mv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.engine import docker
from pyhelpers.backup import commands, placing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

IMAGE = "protostar/backup:1"


def run(text: str, folder: Path, *arguments: Path) -> None:
    program, *rest = commands.script(text, "test", folder, *arguments)
    there = ["--network", "none", "--user", "0:0", "--volume", f"{folder}:{folder}"]
    docker("run", "--rm", *there, "--entrypoint", program, IMAGE, *rest)


def test_a_swap_keeps_what_was_there_and_can_be_taken_back(tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used/old").touch()
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored/new").touch()
    aside = tmp_path / "before-x"
    run(placing.SWAP, tmp_path, tmp_path / "used", aside)
    assert [each.name for each in (tmp_path / "used").iterdir()] == ["new"]
    assert [each.name for each in aside.iterdir()] == ["old"]
    run(placing.SWAP_BACK, tmp_path, tmp_path / "used", aside)
    assert [each.name for each in (tmp_path / "used").iterdir()] == ["old"]
    assert [each.name for each in (tmp_path / "refused").iterdir()] == ["new"]
