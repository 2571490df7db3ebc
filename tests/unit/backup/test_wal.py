"""docker/backup/wal.sh for real, between a database, a store and a disk of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.compose.files import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SCRIPT = CHECKOUT / "docker/backup/wal.sh"
# Each notes how it was called; what it answers lies in a file beside it.
DOUBLES = {
    "psql": 'cat "$0.says"',
    "restic": '[ "$3" != cat ] || exit "$(cat "$0.config")"; exit "$(cat "$0.backup")"',
    "df": 'cat "$0.says"',
    "du": 'cat "$0.says"',
    "pg_receivewal": (
        "case $* in *--create-slot*) exit 0 ;; esac\n"
        'echo whole >"$BACKUP_SPOOL/wal/000000010000000000000002"\n'
        'echo part >"$BACKUP_SPOOL/wal/000000010000000000000003.partial"\n'
        "exec sleep 60"
    ),
}
STREAMS, HALTED, LOST = "t|reserved", "f|reserved", "f|lost"


class Spool:
    """The loop, as its container runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, folder / "calls"
        for name in ("bin", "spool", "metrics"):
            (folder / name).mkdir()
        self.calls.touch()
        for name, text in DOUBLES.items():
            path = folder / "bin" / name
            path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{text}\n')
            path.chmod(0o755)
        self.say("psql.says", STREAMS)
        self.say("df.says", "Use%\n 40%")
        self.say("du.says", "5000\ttotal")
        self.say("restic.config", "0")
        self.say("restic.backup", "0")
        self.process: subprocess.Popen[str] | None = None

    def say(self, name: str, text: str) -> None:
        (self.folder / "bin" / name).write_text(f"{text}\n")

    def start(self) -> None:
        environ = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "BACKUP_SPOOL": str(self.folder / "spool"),
            "BACKUP_METRICS": str(self.folder / "metrics"),
            "BACKUP_HOST": "a5",
            "BACKUP_STORE": "s3:http://store/a5",
            "BACKUP_WAL_EVERY_S": "0.05",
            "PGHOST": "postgres",
        }
        self.process = subprocess.Popen(
            ["sh", str(SCRIPT)],
            env=environ,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline, self.calls.read_text()
            time.sleep(0.02)

    def called(self, words: str) -> int:
        return sum(words in line for line in self.calls.read_text().splitlines())

    def has(self, path: str) -> bool:
        return (self.folder / path).exists()

    def ends(self) -> tuple[int, str]:
        """By itself: its exit code, and what it said."""
        assert self.process
        _, said = self.process.communicate(timeout=10)
        return self.process.returncode, said

    def stop(self) -> str:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.ends()[1]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path)
    yield made
    if made.process is not None:
        try:
            os.killpg(made.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        made.process.communicate()


def test_what_has_come_is_shipped_and_the_moment_is_a_figure(spool: Spool) -> None:
    since = int(time.time())
    spool.start()
    spool.until(lambda: spool.has("metrics/backup-wal.prom"))
    line = (spool.folder / "spool/line").read_text()
    assert spool.called(f"backup --host a5 --tag line-{line} --ignore-ctime")
    shipped = {path.name for path in (spool.folder / "spool/ship").iterdir()}
    assert shipped == {"000000010000000000000002", "000000010000000000000003.partial"}
    text = (spool.folder / "metrics/backup-wal.prom").read_text()
    name = 'protostar_backup_wal_shipped_timestamp_seconds{host="a5"} '
    assert since <= int(text.rpartition(name)[2]) <= time.time()


def test_a_store_that_cannot_be_used_gets_no_repository_and_no_figure(spool: Spool) -> None:
    spool.say("restic.config", "1")
    spool.start()
    spool.until(lambda: spool.called("cat config") > 1)
    assert "the store cannot be used: nothing is shipped" in spool.stop()
    assert not spool.called("init")
    assert not spool.has("metrics/backup-wal.prom")
    assert spool.has("spool/wal/000000010000000000000002")


def test_a_store_that_was_never_used_gets_one(spool: Spool) -> None:
    spool.say("restic.config", "10")
    spool.start()
    spool.until(lambda: spool.called("restic --quiet init"))


def test_what_was_not_shipped_is_tried_again_and_no_figure_says_otherwise(spool: Spool) -> None:
    spool.say("restic.backup", "1")
    spool.start()
    spool.until(lambda: spool.called("--ignore-ctime") > 1)
    assert not spool.has("metrics/backup-wal.prom")
    spool.say("restic.backup", "0")
    spool.until(lambda: spool.has("metrics/backup-wal.prom"))


def test_without_a_stream_what_has_come_is_not_all_that_there_is(spool: Spool) -> None:
    spool.say("psql.says", HALTED)
    spool.start()
    spool.until(lambda: spool.called("psql") > 1)
    assert "no stream from the database" in spool.stop()
    assert not spool.has("metrics/backup-wal.prom")


def test_what_no_base_backup_needs_any_more_goes(spool: Spool) -> None:
    old, other = "000000010000000000000001", "000000020000000000000001"
    for folder in ("wal", "ship"):
        (spool.folder / "spool" / folder).mkdir()
        for name in (old, other, "00000002.history"):
            (spool.folder / "spool" / folder / name).touch()
    (spool.folder / "spool/keep-from").write_text("000000010000000000000002\n")
    spool.start()
    spool.until(lambda: spool.called("--ignore-ctime"))
    for folder in ("wal", "ship"):
        # The timeline, which the first eight digits are, does not count.
        assert not spool.has(f"spool/{folder}/{old}")
        assert not spool.has(f"spool/{folder}/{other}")
        assert spool.has(f"spool/{folder}/00000002.history")
        assert spool.has(f"spool/{folder}/000000010000000000000002")


def test_a_stream_with_a_hole_begins_anew(spool: Spool) -> None:
    spool.say("psql.says", LOST)
    spool.start()
    code, said = spool.ends()
    assert code == 1
    assert "the stream has a hole: the stream begins anew" in said
    assert spool.called("pg_drop_replication_slot")
    assert not spool.has("spool/wal")
    assert not spool.has("spool/line")


def test_on_a_disk_at_95_percent_the_spool_makes_room_for_those_who_serve(spool: Spool) -> None:
    spool.say("restic.config", "1")
    spool.start()
    spool.until(lambda: spool.called("cat config"))
    spool.say("df.says", "Use%\n 95%")
    code, said = spool.ends()
    assert code == 1
    assert "the disk is 95 % full, 5000 MB of it WAL, which made room" in said
    assert spool.called("pg_drop_replication_slot")
    assert not spool.has("spool/wal")


def test_where_it_is_not_the_spool_that_fills_the_disk_it_goes_on(spool: Spool) -> None:
    spool.say("df.says", "Use%\n 99%")
    spool.say("du.says", "48\ttotal")
    spool.start()
    spool.until(lambda: spool.called("--ignore-ctime") > 1)
    assert spool.has("spool/wal/000000010000000000000002")
