"""A drill beside those who serve: it never takes the room that they need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pyhelpers.backup import drill
from pyhelpers.backup.model import BASE
from pyhelpers.errors import PreflightError
from tests.unit.backup.host_double import AnsweringHost, site_of

if TYPE_CHECKING:
    from pyhelpers.backup.site import Site

SUMMARY = {
    "backup_end": "2026-11-27T03:01:00Z",
    "total_bytes_processed": 9_000_000_000,
    "total_files_processed": 1,
    "data_added_packed": 1,
}
PATHS = (BASE, "/protostar.dump", "/protostar.counts", "/queue.rdb")
KEPT = [
    {
        "short_id": str(number),
        "time": "2026-11-27T03:00:00Z",
        "paths": [path],
        "tags": ["run-x"],
        "summary": SUMMARY,
    }
    for number, path in enumerate(PATHS)
]


@pytest.fixture
def host() -> AnsweringHost:
    host = AnsweringHost()
    host.answer("snapshots --json", text=json.dumps(KEPT))
    return host


@pytest.fixture
def site(host: AnsweringHost) -> Site:
    return site_of(host)


def test_on_a_disk_that_is_nearly_full_nothing_is_brought_back(
    site: Site, host: AnsweringHost
) -> None:
    host.answer("--block-size=1", text="Avail\n10000000000\n")
    checked = drill.drill(site, site.items, "now")
    assert [each.item for each in checked] == ["postgres", "dump:protostar", "redis:queue"]
    for each in checked:
        assert "10.0 GB free where 9.0 GB come back" in each.wrong
    for number, path in enumerate(PATHS):
        # The counts are a few lines, and are asked for first.
        assert host.was_asked(f"dump {number} {path}") == (path == "/protostar.counts")
    # What was made for it is gone again.
    assert host.was_asked("docker volume rm --force")


def test_a_file_is_fetched_only_where_there_is_room_for_it(site: Site, host: AnsweringHost) -> None:
    host.answer("--block-size=1", "/srv", text="Avail\n10000000000\n")
    with pytest.raises(PreflightError, match=r"10\.0 GB free"):
        drill.fetch(site, site.items[1], "/srv/protostar.dump")
    assert not host.was_asked("protostar.dump.part")


def test_a_damaged_dump_is_told_and_the_rest_is_drilled_all_the_same(
    site: Site, host: AnsweringHost
) -> None:
    host.answer("--block-size=1", text="Avail\n90000000000\n")
    host.answer("dump 1 /protostar.dump", status=1, text="ciphertext verification failed")
    host.answer("dbsize", text="2\n")
    host.answer("RestartCount", text="running 0")
    items = [item for item in site.items if item.name != "postgres"]
    dump, redis = drill.drill(site, items, "now")
    assert "a backup is damaged in the store" in dump.wrong
    assert (redis.wrong, redis.what) == ("", "2 keys")
