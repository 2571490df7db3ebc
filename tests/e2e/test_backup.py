"""Backups with real PostgreSQL, Redis and S3: they come back, and what is wrong is told."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
import pytest

from bench.engine import address_of, docker
from pyhelpers.backup import commands, placing, restore
from pyhelpers.backup.cli import shared
from pyhelpers.errors import FailedAfterSwitch
from tests.e2e.kept_server import SECOND_STORE, KeptServer, flip
from tests.e2e.shifted_store import shifted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

BASE = "protostar/base:trixie"
TABLE = "CREATE TABLE api.notes (n int PRIMARY KEY, words text)"
ALL = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM api.notes t"


@pytest.fixture(scope="module")
def any_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptServer]:
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


@pytest.fixture
def server(any_server: KeptServer) -> KeptServer:
    """With its backup container as it is shipped."""
    if any_server.variables:
        any_server.recreate_backup()
    return any_server


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


def test_what_is_fetched_is_whole(server: KeptServer, tmp_path: Path) -> None:
    path = tmp_path / "protostar.dump"
    server.done("fetch", "dump:protostar", str(path))
    reader = ["docker", "exec", "--interactive", server.a5.container("postgres"), "pg_restore"]
    with path.open("rb") as dump:
        listed = subprocess.run([*reader, "--list"], stdin=dump, capture_output=True, check=True)
    assert b"TABLE DATA api notes" in listed.stdout


def test_what_does_not_get_well_is_put_back(
    server: KeptServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "ANSWERS_WITHIN_S", 0.0)
    # As a command of it would: hosts are closed at its end.
    with click.Context(shared.group), shared.opened(server.file, server.host) as site:
        real = site.container("queue")
        place = real.beside(restore.LOG)
        clear = commands.script(placing.CLEAR, "clear", place.folder)
        site.on_host(placing.beside(site.keeper.image, place, clear), "no folder beside it")
        with pytest.raises(FailedAfterSwitch, match="does not get well"):
            restore.swap(site, place, restore.LOG, "now", real.name, ["false"])
    wait_for(lambda: server.a5.within("queue", "redis-cli", "ping").stdout.strip() == "PONG")
    assert server.queue("LRANGE", "jobs", "0", "-1").split() == ["one", "two"]


def test_centres_own_data_comes_back_from_a_store_elsewhere(server: KeptServer) -> None:
    centre = server.centre
    server.start_centre_backup()

    def at_home(script: str, user: str = "1000:1000") -> str:
        """At a path that the image has not: an empty volume would be given that one's owner."""
        there = ["--network", "none", "--volume", f"{centre.project}-jenkins:/kept", "--user", user]
        return docker("run", "--rm", *there, "--entrypoint", "sh", BASE, "-c", script)

    def asked(*arguments: str) -> str:
        """As the store's user `static`; the answer's head too."""
        signed = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--config", "-", "--include", "--silent"]
        keys = f'user = "static:{centre.secret("S3_STATIC_SECRET_KEY")}"'
        url = "http://127.0.0.1:7070/static/a.css"
        return centre.within("s3", "curl", *signed, *arguments, url, given=keys).stdout

    # As Jenkins's own image makes the volume.
    at_home("chown 1000:1000 /kept", "0:0")
    at_home("umask 077; mkdir -p /kept/secrets /kept/workspace/a; echo k >/kept/secrets/master.key")
    written = ("--request", "PUT", "--data-binary", "a {}", "--header", "Content-Type: text/css")
    assert "200" in asked(*written)
    server.done("run", host=centre.tag)
    at_home("rm -r /kept/secrets /kept/workspace")
    assert "204" in asked("--request", "DELETE")
    server.done("restore", "--yes", host=centre.tag)
    assert at_home("cd /kept; cat secrets/master.key; stat -c %u:%a secrets") == "k\n1000:700\n"
    assert at_home("ls -A /kept/workspace || :") == ""
    server.await_healthy(centre, "s3")
    found = asked().lower()
    assert "200 ok" in found
    # What files do not have lies in their attributes.
    assert "content-type: text/css" in found
    assert json.loads(server.done("drill", "--json", host=centre.tag))["well"]


# --- the last ones: each leaves the backup container with what it was given -----------------------


def test_the_second_store_alone_brings_everything_back(any_server: KeptServer) -> None:
    any_server.recreate_backup(BACKUP_STORE=SECOND_STORE, BACKUP_SECOND_STORE="")
    told = json.loads(any_server.done("drill", "--only", "dump", "--only", "redis", "--json"))
    assert told["well"]


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
    any_server: KeptServer, variables: dict[str, str], told: str
) -> None:
    any_server.recreate_backup(**variables)
    refused = any_server.backup("run")
    assert refused.returncode == 4, refused.stderr
    assert told in refused.stderr
    assert "change-me" not in refused.stderr


def test_a_store_whose_clock_is_an_hour_off_is_told_as_that(any_server: KeptServer) -> None:
    network = any_server.store_network
    store = f"{address_of(any_server.centre.container('s3'), network)}:7070"
    with shifted(store, network, timedelta(hours=1)) as address:
        any_server.recreate_backup(BACKUP_STORE=f"s3:http://{address}/backups/a5")
        refused = any_server.backup("run")
    assert refused.returncode == 4, refused.stderr
    assert "60 min behind the store's" in refused.stderr
    assert "timedatectl" in refused.stderr


def test_a_store_that_gets_full_is_told_and_keeps_what_it_has(any_server: KeptServer) -> None:
    small = any_server.another_store("small", "24m")
    any_server.recreate_backup(BACKUP_STORE=small, BACKUP_SECOND_STORE="")
    any_server.done("run", "--only", "redis")
    any_server.sql("CREATE TABLE api.big AS SELECT gen_random_uuid() FROM generate_series(1, 1e6)")
    refused = any_server.backup("run", "--only", "postgres")
    assert refused.returncode == 6, refused.stderr
    assert "the store is full" in refused.stdout + refused.stderr
    kept = [each["path"] for each in any_server.snapshots()]
    assert "/queue.rdb" in kept
