"""What node-exporter reads of backups."""

from __future__ import annotations

from pyhelpers.backup.metrics import never_drilled, of_backups, of_checks
from pyhelpers.backup.model import Checked, Snapshot

WELL = [Checked("postgres", "opens"), Checked("redis:queue", "2 keys")]
BAD = [*WELL, Checked("dump:a", "did not come back", "a: is missing")]


def test_the_newest_of_each_item_counts() -> None:
    kept = [Snapshot("2", "/base.tar", 20, 25, size_bytes=7), Snapshot("1", "/base.tar", 10, 15)]
    text = of_backups("a5", [*kept, Snapshot("3", "/globals.sql", 30, 30)])
    assert 'protostar_backup_timestamp_seconds{host="a5",item="postgres"} 25\n' in text
    assert 'protostar_backup_size_bytes{host="a5",item="postgres"} 7\n' in text
    assert "globals" not in text


def test_a_drill_that_went_well_sets_its_moment() -> None:
    text = of_checks("a5", "drill", WELL, 100.0, "")
    assert 'protostar_backup_drill_timestamp_seconds{host="a5"} 100\n' in text
    assert 'protostar_backup_drill_success{host="a5"} 1\n' in text


def test_before_the_first_good_drill_its_moment_is_long_ago() -> None:
    never = never_drilled("a5")
    assert 'protostar_backup_drill_timestamp_seconds{host="a5"} 0\n' in never
    assert 'timestamp_seconds{host="a5"} 0\n' in of_checks("a5", "drill", BAD, 200.0, never)


def test_one_that_failed_keeps_the_moment_of_the_last_good_one() -> None:
    before = of_checks("a5", "drill", WELL, 100.0, "")
    text = of_checks("a5", "drill", BAD, 200.0, before)
    assert 'drill_timestamp_seconds{host="a5"} 100\n' in text
    assert 'drill_success{host="a5"} 0\n' in text


def test_nothing_that_was_checked_is_no_success() -> None:
    text = of_checks("a5", "verify", [], 100.0, "")
    assert 'verify_success{host="a5"} 0\n' in text
    assert 'verify_timestamp_seconds{host="a5"}' not in text
