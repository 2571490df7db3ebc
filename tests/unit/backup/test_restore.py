"""A restore: what would be lost is said; what does not get well is put back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pyhelpers.backup import restore
from pyhelpers.backup.model import BASE, Item, Kind, Place, Point, Snapshot
from pyhelpers.errors import FailedAfterSwitch, PreflightError
from tests.unit.backup.host_double import AnsweringHost, site_of

if TYPE_CHECKING:
    from pyhelpers.backup.site import Site

PLACE = Place("queue", "/data", "/data", "999:999")


@pytest.fixture
def host() -> AnsweringHost:
    return AnsweringHost()


@pytest.fixture
def site(host: AnsweringHost) -> Site:
    return site_of(host)


@pytest.mark.parametrize(
    ("since_s", "words"), [(42, "the 42 s since"), (1200, "the 20 min since"), (90_000, "25 h")]
)
def test_what_came_since_is_said_to_be_lost(since_s: float, words: str) -> None:
    each = restore.Wanted(Item(Kind.REDIS, "queue"), Snapshot("1", "/queue.rdb", 0, 1000))
    assert words in restore.lost(each, 1000 + since_s)


def test_what_gets_well_stays(site: Site, host: AnsweringHost) -> None:
    host.answer("RestartCount", text="running 0")
    restore.swap(site, PLACE, "/data/log", "now", "queue-1", ["ping"])
    assert host.was_asked("swap /data /data/log /data/before-now")
    assert host.asked[-1].endswith("queue-1 ping")


def test_what_does_not_get_well_is_put_back(site: Site, host: AnsweringHost) -> None:
    host.answer("queue-1 ping", status=1)
    host.answer("RestartCount", text="running 3")
    with pytest.raises(FailedAfterSwitch) as failed:
        restore.swap(site, PLACE, "/data/log", "now", "queue-1", ["ping"])
    assert "it has again what it had before" in failed.value.state
    assert host.was_asked("refused", "swap /data /data/log /data/before-now")
    assert host.asked[-1] == "docker start queue-1"


def test_a_swap_that_fails_starts_what_it_stopped(site: Site, host: AnsweringHost) -> None:
    host.answer("--exchange", status=1, text="mv: no such folder")
    with pytest.raises(Exception, match="it cannot be swapped"):
        restore.swap(site, PLACE, "/data/log", "now", "queue-1", ["ping"])
    assert host.asked[-1] == "docker start queue-1"


def test_a_dump_is_not_restored_in_place(site: Site, host: AnsweringHost) -> None:
    host.answer("snapshots --json", text="[]")
    with pytest.raises(PreflightError, match="a second format"):
        restore.wanted(site, [Item(Kind.DUMP, "protostar")], None)


def test_an_item_that_was_never_kept_is_refused(site: Site, host: AnsweringHost) -> None:
    kept = [{"short_id": "1", "time": "2026-11-27T03:00:00Z", "paths": [BASE]}]
    host.answer("snapshots --json", text=json.dumps(kept))
    with pytest.raises(PreflightError, match="the store has no redis:queue"):
        restore.wanted(site, [Item(Kind.REDIS, "queue")], None)


KEPT = Snapshot("1", "/x", 0, 10, size_bytes=2_000_000_000)


@pytest.mark.parametrize(
    "wanted",
    [
        restore.Wanted(Item(Kind.POSTGRES), KEPT, Point(KEPT, None)),
        restore.Wanted(Item(Kind.REDIS, "queue"), KEPT),
        restore.Wanted(Item(Kind.FOLDER, "root"), KEPT),
    ],
    ids=lambda wanted: wanted.item.name,
)
def test_on_a_disk_that_is_nearly_full_nothing_is_fetched_and_nothing_stopped(
    site: Site, host: AnsweringHost, wanted: restore.Wanted
) -> None:
    host.answer("--block-size=1", text="Avail\n3000000000\n")
    with pytest.raises(PreflightError, match=r"3\.0 GB free where 2\.0 GB come back"):
        restore.restore(site, [wanted], "now")
    assert not host.was_asked("dump")
    assert not host.was_asked("docker stop")
