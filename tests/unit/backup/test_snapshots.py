"""Which of the store's snapshots a restore takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pyhelpers.backup.model import BASE, WAL, Item, Kind, Snapshot
from pyhelpers.backup.snapshots import beside, item_at, newest, point_for, shown, snapshots_of
from pyhelpers.errors import PreflightError

if TYPE_CHECKING:
    from collections.abc import Sequence


def base(began: float, line: str = "a") -> Snapshot:
    return Snapshot(f"b{began:.0f}", BASE, began, began + 10, (f"line-{line}",), 100)


def wal(began: float, line: str = "a") -> Snapshot:
    return Snapshot(f"w{began:.0f}", WAL, began, began + 1, (f"line-{line}",), 10)


BASES = (base(100), base(200), base(300, "b"))
WALS = (wal(150), wal(205), wal(230), wal(260), wal(320, "b"))


class TestTheNewestState:
    def test_is_the_newest_base_with_all_the_wal_that_followed_it(self) -> None:
        point = point_for(BASES, WALS, None)
        assert (point.base, point.wal) == (BASES[2], WALS[4])
        assert point.reaches == 320
        assert point.size_bytes == 110

    def test_takes_no_wal_of_another_line(self) -> None:
        """On a new server the WAL of the old one leads nowhere."""
        point = point_for((base(100), base(200, "b")), (wal(250),), None)
        assert point.wal is None
        assert point.reaches == 210

    def test_is_refused_when_there_is_no_base(self) -> None:
        with pytest.raises(PreflightError, match="no base backup"):
            point_for((), WALS, None)


class TestANamedSecond:
    @pytest.mark.parametrize(
        ("target", "base_", "wal_"),
        [
            (240, "b200", "w260"),  # the base before it, the first WAL that has all of it
            (215, "b200", "w230"),
            (205, "b100", None),  # the second base was not complete yet
            (315, "b300", "w320"),
        ],
    )
    def test_is_reached_from_the_base_before_it(
        self, target: float, base_: str, wal_: str | None
    ) -> None:
        point = point_for(BASES, WALS, target)
        assert point.base.id == base_
        assert point.reaches == target
        if wal_:
            assert point.wal is not None
            assert point.wal.id == wal_

    def test_after_the_last_wal_is_refused_and_told_how_far_it_goes(self) -> None:
        with pytest.raises(PreflightError, match="reaches to 1970-01-01 00:05:20 UTC"):
            point_for(BASES, WALS, 330)

    def test_before_the_first_base_is_refused_and_told_since_when(self) -> None:
        with pytest.raises(PreflightError, match="was complete at 1970-01-01 00:01:50 UTC"):
            point_for(BASES, WALS, 50)

    def test_between_two_lines_is_refused(self) -> None:
        """The old server was gone, the new one not there."""
        with pytest.raises(PreflightError, match="nothing in the store leads to"):
            point_for(BASES, WALS, 280)


def test_what_restic_tells_is_read_oldest_first() -> None:
    told = [
        {
            "short_id": "new",
            "time": "2026-11-27T03:00:10.123456789Z",
            "paths": [BASE],
            "tags": ["line-a", "cluster-7", "run-x"],
            "summary": {
                "backup_end": "2026-11-27T03:00:12.5Z",
                "total_bytes_processed": 5,
                "total_files_processed": 1,
                "data_added_packed": 3,
            },
        },
        {"short_id": "old", "time": "2026-11-27T02:00:10+00:00", "paths": [WAL]},
    ]
    old, new = snapshots_of(json.dumps(told))
    assert (old.id, old.tags, old.ended) == ("old", (), old.began)
    assert (new.line, new.cluster, new.run) == ("a", "7", "x")
    assert new.ended - new.began == pytest.approx(2.376544, abs=1e-5)
    assert (new.size_bytes, new.files, new.added_bytes) == (5, 1, 3)
    assert snapshots_of("null") == ()


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("/base.tar", Item(Kind.POSTGRES)),
        ("/protostar.dump", Item(Kind.DUMP, "protostar")),
        ("/queue.rdb", Item(Kind.REDIS, "queue")),
        ("/sources/root", Item(Kind.FOLDER, "root")),
        ("/protostar.counts", None),
        ("/globals.sql", None),
        ("/spool/ship", None),
    ],
)
def test_an_item_is_known_by_its_path(path: str, item: Item | None) -> None:
    assert item_at(path) == item
    if item is not None:
        assert item.path == path


def test_a_dumps_counts_are_those_of_its_run() -> None:
    def at(path: str, began: float, run: str) -> Snapshot:
        return Snapshot(f"{path}{began}", path, began, began, (f"run-{run}",))

    kept: Sequence[Snapshot] = [
        at("/a.counts", 1, "one"),
        at("/a.dump", 2, "one"),
        at("/a.counts", 3, "two"),
    ]
    assert beside(kept, kept[1], "/a.counts") == kept[0]
    assert newest(kept, "/a.counts") == kept[2]


def test_a_moment_is_shown_in_utc() -> None:
    assert shown(1795748809.9) == "2026-11-27 03:06:49 UTC"
