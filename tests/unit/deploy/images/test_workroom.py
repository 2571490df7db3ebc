"""The folder for a saved image: it goes with the block, and what a killed one left goes too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyhelpers.deploy.images.workroom import PREFIX, workroom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAKES_ONE = """
import pathlib, sys, time
from pyhelpers.deploy.images.workroom import workroom
with workroom(pathlib.Path(sys.argv[1])) as folder:
    (folder / "layer").write_bytes(b"gigabytes")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another deployer, in the middle of its transfer."""
    argv = [sys.executable, "-c", MAKES_ONE, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
        process.kill()


def test_it_is_there_as_long_as_the_block(tmp_path: Path) -> None:
    with workroom(tmp_path) as folder:
        (folder / "layer").write_bytes(b"x")
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_deployer_left_is_removed_by_the_next(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert len(list(tmp_path.glob(f"{PREFIX}*/layer"))) == 1
    with workroom(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_that_of_one_who_is_at_work_is_left_alone(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    with workroom(tmp_path):
        assert len(list(tmp_path.glob(f"{PREFIX}*/layer"))) == 1


def test_two_of_one_process_do_not_disturb_each_other(tmp_path: Path) -> None:
    with workroom(tmp_path) as one, workroom(tmp_path) as two:
        assert one.is_dir()
        assert two.is_dir()


def test_nothing_else_is_touched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    (tmp_path / f"{PREFIX}file").touch()
    (tmp_path / "protostar-other").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with workroom(tmp_path):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_that_of_another_user_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{PREFIX}theirs").mkdir()
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with workroom(tmp_path):
        assert (tmp_path / f"{PREFIX}theirs").is_dir()
