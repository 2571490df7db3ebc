"""When a certificate is renewed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyhelpers.certs.model import Held, due

NAMES = frozenset({"shop.test"})
# 90 days from 0.
DAY = 86400.0
HELD = Held(NAMES, 0.0, 90 * DAY, "1", "AB")


@pytest.mark.parametrize(
    ("held", "now", "advised", "why"),
    [
        (None, 0, None, "there is none"),
        (HELD, 59 * DAY, None, ""),
        (HELD, 60 * DAY, None, "two thirds of its time are over"),
        (replace(HELD, ends=45 * DAY), 29 * DAY, None, ""),
        (replace(HELD, ends=45 * DAY), 30 * DAY, None, "two thirds of its time are over"),
        (HELD, 91 * DAY, None, "it has expired"),
        (HELD, 10 * DAY, 9 * DAY, "the server says so"),
        (HELD, 10 * DAY, 11 * DAY, ""),
        # The server may be silent, and may be late: two thirds hold all the same.
        (HELD, 61 * DAY, 80 * DAY, "two thirds of its time are over"),
        (replace(HELD, names=frozenset({"old.test"})), 0, None, "it is for other names"),
        (replace(HELD, key_fits=False), 0, None, "its key is another's"),
    ],
)
def test_it_is_time(held: Held | None, now: float, advised: float | None, why: str) -> None:
    assert due(held, NAMES, now, advised) == why
