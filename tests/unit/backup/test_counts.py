"""Rows and sums of a dump's moment against those of what came back."""

from __future__ import annotations

from pyhelpers.backup.counts import COUNT, counts_of, differences, dump_script, rows

KEPT = 'api.notes|3|-12\napi."odd|name"|1|7\n'


def test_the_same_rows_are_no_difference() -> None:
    assert differences(counts_of(KEPT), counts_of(KEPT)) == []
    assert rows(counts_of(KEPT)) == 4


def test_each_table_that_differs_is_told() -> None:
    kept = counts_of("a|1|5\nb|2|6\nc|3|7\nd|0|0\n")
    found = counts_of("a|1|5\nb|1|6\nc|3|8\ne|0|0\n")
    assert differences(kept, found) == [
        "b: 1 rows, there were 2",
        "c: 3 rows, but not the same ones",
        "d: is missing",
        "e: was not there",
    ]


def test_dump_and_counts_share_one_transaction() -> None:
    script = dump_script("keep it", "/spool/a.counts")
    order = ["BEGIN ISOLATION LEVEL REPEATABLE READ", "pg_export_snapshot", "\\! keep it", COUNT]
    places = [script.index(each) for each in [*order, "COMMIT"]]
    assert places == sorted(places)
