"""What brings data back: token lists, and short scripts that are run here for real."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from pyhelpers.backup import commands, placing
from pyhelpers.backup.model import Container, Place

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Place("p-postgres", "/var/lib/postgresql", "/var/lib/postgresql/18", "999:999")


def run(text: str, *arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    argv = commands.script(text, "test", *arguments)
    return subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=20)


def test_what_is_brought_back_has_no_network_and_leaves_no_container() -> None:
    argv = placing.beside("pg:18", PLACE, ["sh", "-c", "true"])
    assert argv == [
        *("docker", "run", "--rm", "--network", "none", "--label", "org.protostar.backup"),
        *("--user", "999:999", "--volume", "p-postgres:/var/lib/postgresql"),
        *("--entrypoint", "sh", "pg:18", "-c", "true"),
    ]


def test_a_replay_goes_to_its_target_and_opens() -> None:
    argv = placing.recover(PLACE, "2026-11-27 03:00:00 UTC")
    assert "recovery_target_time=2026-11-27 03:00:00 UTC" in argv
    wal = "/var/lib/postgresql/18/restored-wal"
    assert f"restore_command=cp {wal}/%f %p || cp {wal}/%f.partial %p" in argv
    assert not [word for word in placing.recover(PLACE, "") if "recovery_target" in word]


def test_a_folder_is_brought_back_and_what_it_replaces_is_put_aside(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub/file").write_text("kept")
    (source / ".hidden").write_text("kept too")
    tar = subprocess.run(
        ["tar", "-C", str(source), "-c", "."], capture_output=True, check=True, timeout=10
    ).stdout
    target = tmp_path / "target"
    (target / "sub").mkdir(parents=True)
    (target / "sub/file").write_text("newer")
    (target / "other").write_text("stays")
    done = run(placing.UNPACK_FOLDER, target, stdin=tar)
    assert done.returncode == 0, done.stderr
    assert (target / "sub/file").read_text() == "newer"
    done = run(placing.MOVE_FOLDER, target, "before-x")
    assert done.returncode == 0, done.stderr
    assert (target / "sub/file").read_text() == "kept"
    assert (target / ".hidden").read_text() == "kept too"
    assert (target / "other").read_text() == "stays"
    assert (target / "before-x/sub/file").read_text() == "newer"
    assert not (target / ".restored").exists()


def test_a_file_that_is_fetched_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.dump"
    argv = commands.pipe(["echo", "data"], placing.write(str(path)))
    assert subprocess.run(argv, check=False, timeout=10).returncode == 0
    assert not path.exists()
    subprocess.run(placing.keep_written(str(path)), check=True, timeout=10)
    assert path.read_text() == "data\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_restored_database_lies_in_the_folder_beside_the_one_that_is_used() -> None:
    container = Container(
        "1", "pg", "pg:18", running=True, user="999:999", volumes={"/var/lib/postgresql": "v"}
    )
    place = container.beside("/var/lib/postgresql/18/docker")
    assert place == Place("v", "/var/lib/postgresql", "/var/lib/postgresql/18", "999:999")
