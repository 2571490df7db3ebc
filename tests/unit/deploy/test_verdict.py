"""When the new colour is worse than it may be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyhelpers.config.proof import Bake
from pyhelpers.deploy.verdict import Tally, beyond, said, tally, worse

LIMITS = Bake(max_5xx_percent=1.0, min_errors=5, min_requests=20)
GOOD_BEFORE, NOTHING_BEFORE = Tally(1000, 0), Tally()


def line(**changes: Any) -> dict[str, Any]:
    return {"service": "api", "colour": "green", "status": 200, **changes}


class TestCounting:
    @pytest.mark.parametrize(
        ("status", "failed"),
        [
            (200, 0),
            (301, 0),
            (404, 0),
            (429, 0),
            (499, 0),
            (500, 1),
            (502, 1),
            (504, 1),
            ("503", 1),
        ],
    )
    def test_only_the_services_own_errors_are_failures(self, status: Any, failed: int) -> None:
        assert tally([line(status=status)], "api", "green") == Tally(1, failed)

    def test_other_services_and_colours_do_not_count(self) -> None:
        others = [line(service="web", status=500), line(colour="blue", status=500), {}, line()]
        assert tally(others, "api", "green") == Tally(1, 0)

    def test_no_lines_are_no_traffic(self) -> None:
        assert tally([], "api", "green") == Tally()
        assert Tally().percent == 0.0

    def test_tallies_add_up_and_take_away(self) -> None:
        assert Tally(3, 1) + Tally(2, 1) == Tally(5, 2)
        assert Tally(5, 2) - Tally(3, 1) == Tally(2, 1)
        assert Tally(8, 1).percent == 12.5


TABLE = [
    pytest.param(Tally(100, 0), GOOD_BEFORE, False, False, id="no failures"),
    pytest.param(Tally(100, 4), GOOD_BEFORE, False, False, id="four are too few to judge"),
    pytest.param(Tally(500, 5), GOOD_BEFORE, False, False, id="exactly the limit is allowed"),
    pytest.param(Tally(499, 5), GOOD_BEFORE, True, True, id="just beyond it is not"),
    pytest.param(Tally(5, 5), NOTHING_BEFORE, True, True, id="all of five, nothing before"),
    pytest.param(Tally(100, 10), Tally(100, 10), True, False, id="as bad as the old one was"),
    pytest.param(Tally(100, 10), Tally(100, 9), True, True, id="worse than a bad old one"),
    pytest.param(Tally(100, 10), Tally(50, 50), True, False, id="better than a broken old one"),
    pytest.param(Tally(100, 10), Tally(0, 0), True, True, id="an old one without traffic"),
]


class TestTheJudgement:
    @pytest.mark.parametrize(("new", "old", "is_beyond", "is_worse"), TABLE)
    def test_beyond_the_limit_and_worse_than_before(
        self, new: Tally, old: Tally, *, is_beyond: bool, is_worse: bool
    ) -> None:
        assert beyond(new, LIMITS) is is_beyond
        assert worse(new, old, LIMITS) is is_worse

    def test_a_limit_of_zero_still_needs_its_errors(self) -> None:
        limits = Bake(max_5xx_percent=0.0, min_errors=2)
        assert not beyond(Tally(1000, 1), limits)
        assert beyond(Tally(1000, 2), limits)

    @given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 100))
    def test_one_more_failure_never_makes_it_better(self, total: int, part: int, old: int) -> None:
        failed = min(part, total)
        before = Tally(100, old)
        if worse(Tally(total, failed), before, LIMITS) and failed < total:
            assert worse(Tally(total, failed + 1), before, LIMITS)


class TestWhatIsSaid:
    def test_too_little_traffic_is_no_verdict(self) -> None:
        assert said(Tally(19, 0), LIMITS) == "no verdict: 19 requests, 20 are needed"
        assert said(Tally(), LIMITS) == "no verdict: 0 requests, 20 are needed"

    def test_enough_traffic_is_good_with_its_figures(self) -> None:
        assert said(Tally(20, 0), LIMITS) == "good: 0 of 20 failed"
        assert said(Tally(2000, 4), LIMITS) == "good: 4 of 2000 failed"

    def test_beyond_the_limit_is_not_called_good(self) -> None:
        assert not said(Tally(100, 50), LIMITS).startswith("good")
