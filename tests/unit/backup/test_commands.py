"""What is typed on a host: token lists, and short scripts that are run here for real."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from pyhelpers.backup import commands
from pyhelpers.backup.model import Item, Kind

if TYPE_CHECKING:
    from pathlib import Path


def run(text: str, *arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    argv = commands.script(text, "test", *arguments)
    return subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=20)


def test_a_key_is_in_no_command_line() -> None:
    assert commands.restic("files", "snapshots") == [
        *("sh", "-c", commands.RESTIC, "restic", "files", "snapshots")
    ]
    assert "$BACKUP_STORE" in commands.RESTIC


def test_what_comes_back_comes_from_the_store_and_not_from_a_cache() -> None:
    assert "--no-cache" in commands.dumped("1", "/a.dump")
    assert "--no-cache" in commands.dumped_folder("files", "1", "/sources/root")


def test_of_a_queue_that_cannot_be_written_nothing_is_left_in_the_spool(tmp_path: Path) -> None:
    program = tmp_path / "redis-cli"
    program.write_text('#!/bin/sh\nfor last; do :; done; echo half >"$last"; exit 1\n')
    program.chmod(0o755)
    argv = commands.script(commands.REDIS_DUMP.replace("/spool", str(tmp_path)), "redis", "queue")
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run(argv, env=environ, check=False, timeout=10).returncode == 1
    assert not (tmp_path / "queue.rdb").exists()


def test_a_snapshot_of_an_output_is_made_only_when_the_command_ends_well() -> None:
    argv = commands.keep_output(["line-a", "run-b"], "/base.tar", ["pg_basebackup", "-x"])
    assert argv[2:] == [
        *(commands.KEEP, "keep", "line-a,run-b", "/base.tar", "pg_basebackup", "-x")
    ]
    assert "--stdin-from-command" in commands.KEEP


@pytest.mark.parametrize(("first", "second"), [("false", "cat"), ("echo", "false")])
def test_a_pipe_fails_when_either_end_does(first: str, second: str) -> None:
    assert subprocess.run(commands.pipe([first], [second]), check=False, timeout=10).returncode
    assert not subprocess.run(commands.pipe(["true"], ["cat"]), check=False, timeout=10).returncode


def test_of_the_root_what_is_only_of_the_moment_is_left_out() -> None:
    assert "guard" in commands.excluded(Item(Kind.FOLDER, "root"))
    assert "guard" not in commands.excluded(Item(Kind.FOLDER, "objects"))


def test_the_bucket_of_the_backups_is_not_kept_in_itself() -> None:
    assert "backups" in commands.excluded(Item(Kind.FOLDER, "objects"))


def test_of_jenkins_what_it_makes_anew_is_left_out_and_its_secrets_are_not() -> None:
    left_out = commands.excluded(Item(Kind.FOLDER, "jenkins"))
    assert {"workspace", "plugins", "war"} <= {*left_out}
    assert not {"secrets", "jobs", "credentials.xml"} & {*left_out}


class TestTheStoresClock:
    """The script for real, with a curl of the test's in its path."""

    @pytest.mark.parametrize(
        ("store", "asked"),
        [
            ("s3:http://centre.lan:7070/backups/a5", "http://centre.lan:7070/backups/a5"),
            ("s3:https://store.example.org/b/a5", "https://store.example.org/b/a5"),
            ("s3:store.example.org/b/a5", "https://store.example.org/b/a5"),
        ],
    )
    def test_is_asked_without_a_key(self, tmp_path: Path, store: str, asked: str) -> None:
        assert self.told(tmp_path, store, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r") < -1_700_000_000
        assert (tmp_path / "asked").read_text().split()[-1] == asked

    def test_is_the_same_to_the_second(self, tmp_path: Path) -> None:
        now = subprocess.run(["date", "-uR"], capture_output=True, text=True, check=True).stdout
        assert abs(self.told(tmp_path, "s3:http://a/b", f"date: {now.strip()}\r")) <= 2

    @pytest.mark.parametrize(
        ("store", "head"),
        [
            ("/spool/second", "Date: Thu, 01 Jan 1970 00:00:00 GMT"),
            ("rest:https://user:password@elsewhere/a5", "Date: Thu, 01 Jan 1970 00:00:00 GMT"),
            ("s3:http://a/b", "Server: one without a clock"),
            ("s3:http://a/b", "Date: soon"),
        ],
    )
    def test_is_not_known_of_every_store(self, tmp_path: Path, store: str, head: str) -> None:
        assert self.said(tmp_path, store, head) == ""

    def told(self, folder: Path, store: str, head: str) -> int:
        return int(self.said(folder, store, head))

    def said(self, folder: Path, store: str, head: str) -> str:
        (folder / "head").write_text(f"HTTP/1.1 403 Forbidden\r\n{head}\n")
        curl = folder / "curl"
        curl.write_text(f'#!/bin/sh\necho "$@" >{folder}/asked\ncat {folder}/head\n')
        curl.chmod(0o755)
        environ = {"PATH": f"{folder}:{os.environ['PATH']}", "BACKUP_STORE": store}
        argv = commands.script(commands.CLOCK, "clock")
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


# A repository is a folder with a file `config`; one called `away` cannot be reached.
RESTIC = """\
#!/bin/sh
case $* in
  *--repo*) asked=$2 ;;
  *init*) asked= ;;
  *) asked="$RESTIC_REPOSITORY $RESTIC_FROM_REPOSITORY" ;;
esac
for each in $asked; do
  case $each in *away*) exit 1 ;; esac
  [ -e "$each/config" ] || exit 10
done
case $* in
  *init*) mkdir -p "$RESTIC_REPOSITORY" && touch "$RESTIC_REPOSITORY/config" ;;
  *copy) echo copied >>"$RESTIC_REPOSITORY/config" ;;
esac
"""


class TestTheSecondStore:
    """The script for real, with a restic of the test's in its path."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Path:
        for name in ("restic", "protostar-restic"):
            (tmp_path / name).write_text(RESTIC)
            (tmp_path / name).chmod(0o755)
        for each in ("files", "wal"):
            (tmp_path / "first" / each).mkdir(parents=True)
            (tmp_path / "first" / each / "config").touch()
        return tmp_path

    def copied(self, stores: Path, second: str = "second", **more: str) -> int:
        environ = {
            "PATH": f"{stores}:{os.environ['PATH']}",
            "RESTIC_PASSWORD": "x",
            "BACKUP_STORE": str(stores / "first"),
            "BACKUP_SECOND_STORE": str(stores / second) if second else "",
            **more,
        }
        argv = commands.script(commands.COPY, "copy")
        return subprocess.run(argv, env=environ, check=False, timeout=10).returncode

    def copies(self, stores: Path, which: str) -> int:
        path = stores / "second" / which / "config"
        return path.read_text().count("copied") if path.exists() else 0

    def test_is_made_at_the_first_time_and_added_to_from_then_on(self, stores: Path) -> None:
        for times in (1, 2):
            assert self.copied(stores, PGHOST="postgres") == 0
            assert (self.copies(stores, "files"), self.copies(stores, "wal")) == (times, times)

    def test_gets_what_there_is(self, stores: Path) -> None:
        """Before the first turn of the WAL, and on a host without a database."""
        (stores / "first/wal/config").unlink()
        assert self.copied(stores, PGHOST="postgres") == 0
        assert self.copied(stores) == 0
        assert (self.copies(stores, "files"), self.copies(stores, "wal")) == (2, 0)
        assert not (stores / "second/wal").exists()

    def test_is_by_choice(self, stores: Path) -> None:
        assert self.copied(stores, "") == 0
        assert not (stores / "second").exists()

    def test_that_is_away_is_no_success(self, stores: Path) -> None:
        assert self.copied(stores, "away") == 1
