"""docker/backup/restic.sh for real, around a restic of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.compose.files import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = CHECKOUT / "docker/backup/restic.sh"
# It tries again for as long as restic does, as far as this test is concerned.
TRIES = """\
trap 'echo "Fatal: context canceled" >&2; exit 130' TERM
while :; do echo "Save(<data/1>) returned error, retrying: {said}." >&2; sleep 0.01; done
"""


def command(folder: Path, restic: str) -> tuple[list[str], dict[str, str]]:
    program = folder / "restic"
    program.write_text(f"#!/bin/sh\n{restic}\n")
    program.chmod(0o755)
    argv = ["bash", str(SCRIPT), "backup", "a b"]
    return argv, {"PATH": f"{folder}:{os.environ['PATH']}"}


def run(folder: Path, restic: str, given: str = "") -> subprocess.CompletedProcess[str]:
    argv, environ = command(folder, restic)
    return subprocess.run(
        argv, env=environ, input=given, capture_output=True, text=True, check=False, timeout=10
    )


def test_it_is_restic_with_its_words_its_output_and_its_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, 'cat; echo "$2"; echo told >&2; exit 11', "given\n")
    assert (done.returncode, done.stdout, done.stderr) == (11, "given\na b\n", "told\n")


@pytest.mark.parametrize(
    "said", ["client.PutObject: No space left on device", "StorageFull", "QuotaExceeded"]
)
def test_a_store_that_is_full_is_not_asked_for_a_quarter_of_an_hour(
    tmp_path: Path, said: str
) -> None:
    done = run(tmp_path, TRIES.format(said=said))
    assert done.returncode == 130
    assert done.stderr.count(said) >= 4
    assert done.stderr.endswith("Fatal: context canceled\n")


def test_a_line_that_is_cut_is_waited_for(tmp_path: Path) -> None:
    twenty = "for i in $(seq 20); do echo 'retrying: connection refused' >&2; done"
    done = run(tmp_path, f"{twenty}; echo kept")
    assert (done.returncode, done.stdout) == (0, "kept\n")


def test_who_ends_it_ends_restic(tmp_path: Path) -> None:
    argv, environ = command(tmp_path, TRIES.format(said="connection refused"))
    with subprocess.Popen(argv, env=environ, stderr=subprocess.PIPE, text=True) as begun:
        assert begun.stderr
        begun.stderr.readline()
        begun.send_signal(signal.SIGTERM)
        since = time.monotonic()
        said = begun.stderr.read()
    assert begun.returncode == 130
    assert time.monotonic() - since < 5
    assert said.endswith("Fatal: context canceled\n")
