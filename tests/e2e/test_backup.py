"""Backups with real PostgreSQL, Redis and S3: they come back, and what is wrong is told."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from bench.engine import docker
from tests.e2e.kept_server import SECOND_STORE, KeptServer, flip

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

TABLE = "CREATE TABLE api.notes (n int PRIMARY KEY, words text)"
ALL = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM api.notes t"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptServer]:
    """With some data, and one backup of everything."""
    kept = KeptServer(tmp_path_factory.mktemp("kept"))
    try:
        kept.start()
        kept.sql(TABLE)
        write(kept, 1, 2000)
        kept.queue("RPUSH", "jobs", "one", "two")
        (kept.root / "history.jsonl").write_text("line\n", encoding="utf-8")
        kept.done("run")
        yield kept
    finally:
        kept.remove()


def write(server: KeptServer, first: int, last: int) -> None:
    server.sql(
        f"INSERT INTO api.notes SELECT g, md5(g::text) FROM generate_series({first}, {last}) AS g"  # noqa: S608 - two numbers
    )


def test_a_drill_brings_everything_back_and_its_age_is_a_figure(server: KeptServer) -> None:
    told = json.loads(server.done("drill", "--json"))
    assert told["well"]
    found = {each["item"]: each["what"] for each in told["checked"]}
    assert set(found) == {"postgres", "dump:protostar", "redis:queue", "folder:root"}
    assert "1 tables, 2000 rows, all as they were" in found["dump:protostar"]
    assert time.time() - server.figure("drill", "drill_timestamp_seconds") < 60
    assert found["redis:queue"] == "1 keys"
    assert docker("volume", "ls", "--quiet", "--filter", "label=org.protostar.backup") == ""


def test_a_second_store_has_what_the_first_one_has(server: KeptServer) -> None:
    for repository in ("files", "wal"):
        listed = ["restic", "--repo", f"{SECOND_STORE}/{repository}", "snapshots", "--json"]
        copied = server.a5.within("backup", *listed)
        assert copied.returncode == 0, copied.stderr
        assert json.loads(copied.stdout)


def test_postgres_goes_back_to_a_named_second(server: KeptServer) -> None:
    before = server.sql(ALL)
    moment = server.now()
    time.sleep(2)
    server.sql("DELETE FROM api.notes")
    server.await_shipped()
    server.done("restore", "--only", "postgres", "--to", moment, "--yes")
    assert server.sql(ALL) == before
    # What the restore put aside is still there, and the stream has begun anew.
    assert "before-" in server.a5.within("postgres", "ls", "/var/lib/postgresql/18").stdout
    server.await_shipped()


def test_after_the_disk_is_wiped_a_new_server_has_what_was_shipped(server: KeptServer) -> None:
    write(server, 10_001, 11_000)
    server.await_shipped()
    before = server.sql(ALL)
    server.wipe_a5()
    refused = server.backup("run")
    assert refused.returncode == 4
    assert "another database" in refused.stderr
    server.done("restore", "--yes")
    assert server.sql(ALL) == before
    assert server.queue("LRANGE", "jobs", "0", "-1").split() == ["one", "two"]
    assert (server.root / "history.jsonl").read_text(encoding="utf-8") == "line\n"
    server.done("run")


def test_a_restore_that_is_not_agreed_to_changes_nothing(server: KeptServer) -> None:
    before = server.sql(ALL)
    asked = subprocess.run(
        server.argv("restore"), input="n\n", capture_output=True, text=True, check=False, timeout=60
    )
    assert asked.returncode == 130
    assert "is lost" in asked.stdout
    assert server.sql(ALL) == before


def test_a_flipped_bit_is_found_by_verify_and_by_the_drill(server: KeptServer) -> None:
    packs = server.packs()  # one of them is of what a drill brings back
    for pack in packs:
        flip(server, pack)
    try:
        read, drilled = server.backup("verify", "--all"), server.backup("drill")
    finally:
        for pack in packs:
            flip(server, pack)
    assert read.returncode == 6
    assert "files" in read.stderr
    assert drilled.returncode == 6
    assert server.figure("verify", "verify_success") == 0
    assert server.backup("verify", "--all").returncode == 0


def test_a_run_that_is_killed_leaves_the_last_good_one(server: KeptServer) -> None:
    before = [each["id"] for each in server.snapshots()]
    keeper = server.a5.container("backup")
    begun = subprocess.Popen(
        server.argv("run"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_for(lambda: "pg_basebackup" in docker("top", keeper))
    docker("kill", "--signal", "KILL", keeper)
    begun.send_signal(signal.SIGKILL)
    begun.communicate(timeout=30)
    docker("start", keeper)
    assert set(before) <= {each["id"] for each in server.snapshots()}
    server.done("drill", "--only", "postgres")
    server.done("run")


def wait_for(holds: Any, within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_store_that_is_away_is_told_and_nothing_is_lost(server: KeptServer) -> None:
    store = server.centre.container("s3")
    docker("stop", "--timeout", "3", store)
    try:
        refused = server.backup("run")
        write(server, 20_001, 20_500)
    finally:
        docker("start", store)
    assert refused.returncode == 4
    assert "the store cannot be reached" in refused.stderr or "no answer" in refused.stderr
    server.await_shipped(60)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"BACKUP_KEY": "another"}, "is not the one that these backups were made with"),
        ({"BACKUP_SECRET_KEY": "an-old-one-of-before"}, "does not know these keys"),
        ({"BACKUP_STORE": "s3:http://s3:7070/nowhere/a5"}, "no such bucket"),
    ],
    ids=["wrong key", "expired credentials", "missing bucket"],
)
def test_what_the_store_refuses_is_told(
    server: KeptServer, variables: dict[str, str], told: str
) -> None:
    server.recreate_backup(**variables)
    try:
        refused = server.backup("run")
    finally:
        server.recreate_backup()
    assert refused.returncode == 4, refused.stderr
    assert told in refused.stderr
    assert "change-me" not in refused.stderr
