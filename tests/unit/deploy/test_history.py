"""The history: lines into records, who is good, where a rollback goes, what may be pruned."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyhelpers.deploy import history
from pyhelpers.deploy.model import Colour, Record
from tests.unit.deploy import builders

BLUE, GREEN = Colour.BLUE, Colour.GREEN


def entry(identity: str = "r1", **fields: Any) -> dict[str, Any]:
    of = dataclasses.asdict(builders.release("v1"))
    return {
        "id": identity,
        "action": "deploy",
        "who": "ann@desk",
        "at": "2026-11-23T10:00:00Z",
        "outcome": "done",
        "colour": "blue",
        "release": of,
        **fields,
    }


def lines(*entries: dict[str, Any]) -> str:
    return "".join(json.dumps(each) + "\n" for each in entries)


class TestReading:
    def test_a_line_is_a_record(self) -> None:
        text = lines(
            entry(
                previous="v0",
                hooks_ran=True,
                reason="why",
                verdict="good: 0 of 40 failed",
                steps={"start idle": 1.5},
            )
        )
        assert history.parse(text) == (
            Record(
                id="r1",
                action="deploy",
                who="ann@desk",
                at="2026-11-23T10:00:00Z",
                outcome="done",
                release=builders.release("v1"),
                colour=BLUE,
                previous="v0",
                hooks_ran=True,
                reason="why",
                verdict="good: 0 of 40 failed",
                steps={"start idle": 1.5},
            ),
        )

    def test_what_an_older_program_left_out_has_a_default(self) -> None:
        short = {key: entry()[key] for key in ("id", "outcome", "release", "colour")}
        (read,) = history.parse(lines(short))
        assert (read.action, read.who, read.at, read.hooks_ran) == ("deploy", "?", "", False)
        assert (read.previous, read.steps, read.drain_s, read.cut) == ("", {}, None, None)

    def test_records_come_oldest_first(self) -> None:
        assert [r.id for r in history.parse(lines(entry("r1"), entry("r2")))] == ["r1", "r2"]

    def test_no_history_is_empty(self) -> None:
        assert history.parse("") == ()
        assert history.parse("\n\n") == ()

    @given(st.integers(0))
    def test_a_line_that_a_power_cut_has_torn_is_passed_over(self, at: int) -> None:
        last = json.dumps(entry("r2"))
        torn = last[: at % len(last)]
        assert [r.id for r in history.parse(lines(entry("r1")) + torn)] == ["r1"]

    def test_what_comes_after_a_torn_line_is_read(self) -> None:
        text = '{"id": "r0", "outco\n' + lines(entry("r1"))
        assert [r.id for r in history.parse(text)] == ["r1"]

    @pytest.mark.parametrize("line", ["[]", "1", "null", '"r1"', "{}", '{"outcome": "done"}', "�"])
    def test_a_line_that_is_no_record_is_passed_over(self, line: str) -> None:
        assert [r.id for r in history.parse(f"{line}\n{lines(entry())}")] == ["r1"]

    def test_the_line_of_the_end_is_merged_into_its_record(self) -> None:
        finished = entry(outcome="finished", drain_s=7.8, cut=2, at="2026-11-23T10:01:00Z")
        (read,) = history.parse(lines(entry(), finished))
        assert (read.outcome, read.drain_s, read.cut) == ("done", 7.8, 2)
        assert read.at == "2026-11-23T10:00:00Z"

    def test_an_end_without_a_beginning_is_no_record(self) -> None:
        assert history.parse(lines(entry("r0", outcome="finished", cut=0))) == ()

    def test_the_end_of_another_deploy_is_not_merged(self) -> None:
        first, second = history.parse(
            lines(entry("r1"), entry("r2"), entry("r1", outcome="finished", drain_s=1.0, cut=0))
        )
        assert (first.drain_s, second.drain_s) == (1.0, None)

    def test_an_adoption_can_be_read_back(self) -> None:
        of = builders.release("v1")
        made = history.adoption("r7", "2026-11-23T10:07:00Z", "ann@desk", GREEN, of)
        (read,) = history.parse(lines(made))
        assert (read.action, read.outcome, read.colour) == ("adopt", "adopted", GREEN)
        assert (read.id, read.who, read.release) == ("r7", "ann@desk", of)
        assert (read.at, read.good) == ("2026-11-23T10:07:00Z", True)

    def test_what_a_newer_program_added_is_passed_over(self) -> None:
        newer = entry(mood="calm", release={**entry()["release"], "signature": "…"})
        assert history.parse(lines(newer)) == history.parse(lines(entry()))


class TestWhatIsLive:
    def test_the_last_good_record_is_the_one(self) -> None:
        past = builders.history("deploy v1 blue done", "deploy v2 green refused")
        assert history.last_good(past) == past[0]
        assert history.live_record(past, BLUE) == past[0]

    def test_a_marker_that_says_otherwise_than_the_record_has_no_record(self) -> None:
        past = builders.history("deploy v1 blue done")
        assert history.live_record(past, GREEN) is None
        assert history.live_record(past, None) is None

    def test_nothing_good_is_nothing(self) -> None:
        assert history.last_good(builders.history("deploy v1 blue refused")) is None
        assert history.live_record((), BLUE) is None


class TestWhereARollbackGoes:
    @pytest.mark.parametrize(
        ("past", "candidates"),
        [
            pytest.param([], [], id="nowhere without a history"),
            pytest.param(["deploy v1 blue done"], [], id="nowhere from the first"),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green done"], ["v1"], id="to the one before"
            ),
            pytest.param(
                ["adopt v1 blue adopted", "deploy v2 green done"], ["v1"], id="to what was adopted"
            ),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green done", "deploy v3 blue done"],
                ["v2", "v1"],
                id="the nearest first",
            ),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green refused", "deploy v3 green done"],
                ["v1"],
                id="not to what was refused",
            ),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green flipped_back"],
                [],
                id="nowhere when the second never stayed",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done from v1",
                    "rollback v1 blue done from v2",
                ],
                [],
                id="not forward to what a rollback left",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done from v1",
                    "deploy v3 blue done from v2",
                    "rollback v2 green done from v3",
                ],
                ["v1"],
                id="a second rollback goes further back",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done from v1",
                    "rollback v1 blue done from v2",
                    "deploy v3 green done from v1",
                ],
                ["v1"],
                id="what was rolled back stays out after the next deploy",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done from v1",
                    "rollback v1 blue done from v2",
                    "deploy v2 green done from v1",
                    "deploy v3 blue done from v2",
                ],
                ["v2", "v1"],
                id="what was deployed again counts again",
            ),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green done", "deploy v2 blue done from v2"],
                ["v1"],
                id="the live release is no candidate, however often it was deployed",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done from v1",
                    "deploy v3 blue done from v2",
                    "rollback v1 green done from v3",
                ],
                [],
                id="not forward to what a rollback has jumped over",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done from v1",
                    "deploy v3 blue done from v2",
                    "deploy v1 green done from v3",
                ],
                ["v3", "v2"],
                id="an old release that was deployed anew is the newest",
            ),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green done", "rollback v1 blue refused from v2"],
                ["v1"],
                id="a rollback that was refused has left nothing",
            ),
        ],
    )
    def test_to_the_last_good_release(self, past: list[str], candidates: list[str]) -> None:
        found = history.rollback_candidates(builders.history(*past))
        assert [record.release.id for record in found] == candidates

    def test_when_the_last_good_one_is_not_live_it_is_the_nearest(self) -> None:
        past = builders.history("deploy v1 blue done", "deploy v2 green done from v1")
        found = history.rollback_candidates(past, last_is_live=False)
        assert [record.release.id for record in found] == ["v2", "v1"]
        assert history.rollback_candidates((), last_is_live=False) == ()

    def test_never_to_a_failed_or_the_live_release(self) -> None:
        past = builders.history(
            "deploy v1 blue done", "deploy v2 green done", "deploy v1 blue done"
        )
        assert [r.release.id for r in history.rollback_candidates(past)] == ["v2"]


STORY = st.lists(
    st.tuples(
        st.sampled_from(["deploy", "rollback"]),
        st.sampled_from(["v1", "v2", "v3", "v4"]),
        st.sampled_from(["blue", "green"]),
        st.sampled_from(["done", "refused", "flipped_back", "adopted"]),
    ).map(" ".join),
    max_size=12,
)


@given(STORY)
def test_a_rollback_always_goes_to_another_release_that_was_good(story: list[str]) -> None:
    past = builders.history(*story)
    good = {record.release.id for record in past if record.good}
    found = [record.release.id for record in history.rollback_candidates(past)]
    assert set(found) <= good
    assert len(found) == len(set(found))
    last = history.last_good(past)
    assert last is None or last.release.id not in found


class TestTheSchema:
    @pytest.mark.parametrize(
        ("past", "newer"),
        [
            pytest.param([], None, id="no history"),
            pytest.param(["deploy v1 blue done hooks"], None, id="the first made its own"),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green done hooks"], None, id="new code on it"
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done hooks",
                    "rollback v1 blue done from v2",
                ],
                "v2",
                id="old code on the newer schema",
            ),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green done", "rollback v1 blue done from v2"],
                None,
                id="old code, but the newer one had no hooks",
            ),
            pytest.param(
                [
                    "deploy v1 blue done hooks",
                    "deploy v2 green done",
                    "rollback v1 blue done from v2",
                ],
                None,
                id="its own hooks do not count",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v1 green refused hooks",
                    "deploy v2 green done",
                    "rollback v1 blue done from v2",
                ],
                None,
                id="its own hooks do not count when they ran later either",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green refused hooks",
                    "deploy v3 green done",
                    "rollback v1 blue done from v3",
                ],
                "v2",
                id="a refused release has changed the schema too",
            ),
            pytest.param(
                ["deploy v1 blue done", "deploy v2 green flipped_back hooks"],
                "v2",
                id="flipped back, after its hooks had run",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done hooks",
                    "rollback v1 blue done from v2",
                    "deploy v2 green done",
                ],
                None,
                id="new code again",
            ),
            pytest.param(
                [
                    "deploy v1 blue done",
                    "deploy v2 green done hooks",
                    "rollback v1 blue done from v2",
                    "deploy v3 green refused",
                ],
                "v2",
                id="a refused fix does not change what serves",
            ),
        ],
    )
    def test_is_said_to_be_newer_than_the_code(self, past: list[str], newer: str | None) -> None:
        found = history.schema_is_newer(builders.history(*past))
        assert (found.release.id if found else None) == newer


class TestPruning:
    PAST = builders.history(*(f"deploy v{n} blue done" for n in range(1, 7)))
    KEPT = tuple(f"v{n}" for n in range(1, 7))

    def test_the_newest_good_ones_are_kept(self) -> None:
        assert history.to_prune(self.KEPT, self.PAST, {"v6"}, 3) == ("v1", "v2", "v3")

    def test_what_runs_is_kept_however_old(self) -> None:
        assert "v1" not in history.to_prune(self.KEPT, self.PAST, {"v1", "v6"}, 2)

    def test_what_never_was_good_goes_first(self) -> None:
        past = builders.history("deploy v1 blue done", "deploy v2 green refused")
        assert history.to_prune(["v1", "v2"], past, {"v1"}, 5) == ("v2",)

    def test_what_nobody_knows_goes_too(self) -> None:
        assert history.to_prune(["v6", "junk"], self.PAST, {"v6"}, 5) == ("junk",)

    def test_with_enough_room_nothing_goes(self) -> None:
        assert history.to_prune(self.KEPT, self.PAST, {"v6"}, 6) == ()

    @given(
        STORY,
        st.sets(st.sampled_from(["v1", "v2", "v3", "v4", "v5"])),
        st.sets(st.sampled_from(["v1", "v2", "v3", "v4", "v5"]), min_size=1),
        st.integers(2, 6),
    )
    def test_never_what_is_in_use_and_never_too_many(
        self, story: list[str], kept: set[str], in_use: set[str], keep: int
    ) -> None:
        past = builders.history(*story)
        pruned = history.to_prune(kept, past, in_use, keep)
        left = kept - set(pruned)
        assert set(pruned) <= kept - in_use
        assert list(pruned) == sorted(set(pruned))
        assert len(left) <= max(keep, len(in_use))
        good = {record.release.id for record in past if record.good}
        assert len(good | in_use) > keep or not set(pruned) & good
