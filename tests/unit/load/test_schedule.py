"""When requests leave, and which."""

from __future__ import annotations

import pytest

from bench.load.options import Options
from bench.load.schedule import Arrival, arrivals


def schedule(**settings: float) -> list[Arrival]:
    return list(arrivals(Options("http://x", **settings)))  # type: ignore[arg-type] # ints among them


def test_fast_requests_leave_at_even_intervals() -> None:
    offsets = [a.offset_s for a in schedule(rate=50, seconds=2)]
    assert len(offsets) == 100
    assert offsets == pytest.approx([n / 50 for n in range(100)])


def test_slow_requests_and_uploads_come_on_top_of_the_rate() -> None:
    kinds = [a.kind for a in schedule(rate=50, seconds=4, slow_per_s=2, uploads_per_s=1)]
    assert kinds.count("slow") == 8
    assert kinds.count("upload") == 4
    assert kinds.count("get") + kinds.count("post") == 200


def test_arrivals_come_in_the_order_of_time() -> None:
    offsets = [a.offset_s for a in schedule(seconds=3, slow_per_s=7, uploads_per_s=5)]
    assert offsets == sorted(offsets)


def test_shares_are_kept_and_do_not_depend_on_each_other() -> None:
    all_of_them = schedule(rate=100, seconds=100, keepalive=0.6, posts=0.4)
    share = 1 / len(all_of_them)
    kept = sum(a.kept_alive for a in all_of_them) * share
    posts = sum(a.kind == "post" for a in all_of_them) * share
    both = sum(a.kind == "post" and a.kept_alive for a in all_of_them) * share
    assert kept == pytest.approx(0.6, abs=0.02)
    assert posts == pytest.approx(0.4, abs=0.02)
    assert both == pytest.approx(0.24, abs=0.02)


@pytest.mark.parametrize("share", [0, 1])
def test_the_ends_of_a_share_are_exact(share: int) -> None:
    everything = schedule(seconds=2, keepalive=share, posts=share)
    assert {a.kept_alive for a in everything} == {bool(share)}
    assert {a.kind for a in everything} == {"post" if share else "get"}


def test_the_same_seed_gives_the_same_run_and_another_seed_the_same_times() -> None:
    assert schedule(seed=3) == schedule(seed=3)
    one, other = schedule(seed=3), schedule(seed=4)
    assert one != other
    assert [a.offset_s for a in one] == [a.offset_s for a in other]
