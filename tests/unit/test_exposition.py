"""Prometheus's text format."""

from __future__ import annotations

from pyhelpers.exposition import family


def test_a_family_says_what_it_is_and_has_a_line_for_each_set_of_labels() -> None:
    text = family("age_seconds", "How old.", [({"host": "a5", "of": "x"}, 1795428000.5), ({}, 0)])
    assert text == (
        "# HELP age_seconds How old.\n# TYPE age_seconds gauge\n"
        'age_seconds{host="a5",of="x"} 1795428000.5\nage_seconds{} 0\n'
    )


def test_a_label_cannot_end_its_own_quotes() -> None:
    text = family("age_seconds", "How old.", [({"of": 'a\\b"c\nd'}, 1)])
    assert text.splitlines()[2] == r'age_seconds{of="a\\b\"c\nd"} 1'
