"""Colours, answers, markers: the small truths that everything else rests on."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from pyhelpers.deploy import marker
from pyhelpers.deploy.model import Answer, Colour, StepName
from tests.unit.deploy import builders

BLUE, GREEN = Colour.BLUE, Colour.GREEN


def test_there_are_two_colours_and_each_is_the_others_other() -> None:
    assert [colour.other for colour in Colour] == [GREEN, BLUE]


@pytest.mark.parametrize(
    ("answer", "from_the_app"),
    [
        pytest.param(Answer(200, "v1", "172.18.0.4", "blue"), True, id="well, named, from a place"),
        pytest.param(Answer(200, "", "172.18.0.4", "blue"), True, id="well, without a release"),
        pytest.param(Answer(500, "", "172.18.0.4", "blue"), True, id="500 is the app's own"),
        pytest.param(Answer(404, "", "172.18.0.4", "blue"), True, id="404 is the app's own"),
        pytest.param(Answer(503, "v1", "172.18.0.4", "blue"), True, id="503 that names a release"),
        pytest.param(Answer(503, "v1", "", "blue"), True, id="a release without an address"),
        pytest.param(Answer(502, "", "172.18.0.4", "blue"), False, id="502 is the gateway's"),
        pytest.param(Answer(503, "", "", ""), False, id="no colour is live"),
        pytest.param(Answer(503, "", "172.18.0.4", "blue"), True, id="503 of the app itself"),
        pytest.param(Answer(502, "", "172.18.0.4", "blue"), False, id="502 without a name"),
        pytest.param(Answer(504, "", "172.18.0.4", "blue"), False, id="504 is the gateway's"),
        pytest.param(Answer(0, "", "", "", problem="ReadTimeout"), False, id="nobody answered"),
        pytest.param(Answer(200, "", "", ""), False, id="200 from nobody knows where"),
    ],
)
def test_an_answer_is_the_apps_or_the_gateways(answer: Answer, *, from_the_app: bool) -> None:
    assert answer.app is from_the_app


@pytest.mark.parametrize(("status", "ok"), [(199, False), (200, True), (299, True), (300, False)])
def test_two_hundreds_are_well(status: int, *, ok: bool) -> None:
    assert Answer(status, "v1", "172.18.0.4", "blue").ok is ok


class TestMarkers:
    def test_the_name_of_a_marker_says_service_and_colour(self) -> None:
        root = PurePosixPath("/srv/protostar")
        assert marker.path(root, "ai-worker", GREEN) == root / "live/ai-worker.green"

    @pytest.mark.parametrize(
        ("names", "colours"),
        [
            ([], set()),
            (["api.blue"], {BLUE}),
            (["api.green", "web.blue"], {GREEN}),
            (["api.blue", "api.green"], {BLUE, GREEN}),
            (
                ["web-api.blue", "api-web.blue", "api.blue.new", "api", "api.red", ".api.blue"],
                set(),
            ),
        ],
    )
    def test_only_this_services_markers_count(self, names: list[str], colours: set[Colour]) -> None:
        assert marker.markers_in(names, "api") == colours

    def test_one_marker_is_live_none_and_two_are_not(self) -> None:
        assert builders.facts(markers=["green"]).live is GREEN
        assert builders.facts(markers=[]).live is None
        assert builders.facts(markers=["blue", "green"]).live is None


class TestContainers:
    facts = builders.facts(
        blue=["v1", "v1"], green=[{"release": "v2", "running": False}, {"release": "v2"}]
    )

    def test_a_colours_containers_are_its_own(self) -> None:
        assert [each.release for each in self.facts.of(BLUE)] == ["v1", "v1"]
        assert [each.release for each in self.facts.of(GREEN)] == ["v2", "v2"]
        assert self.facts.of(None) == ()

    def test_only_some_of_them_run(self) -> None:
        assert [each.name for each in self.facts.running(GREEN)] == ["api-green-app-2"]
        assert self.facts.running(None) == ()


@pytest.mark.parametrize(
    ("outcome", "good"),
    [
        ("done", True),
        ("adopted", True),
        ("refused", False),
        ("flipped_back", False),
        ("interrupted", False),
        ("ended", False),
    ],
)
def test_only_what_went_live_for_good_is_good(outcome: str, *, good: bool) -> None:
    assert builders.record(f"deploy v1 blue {outcome}").good is good


def test_a_plan_knows_its_steps() -> None:
    plan = builders.plan(None, StepName.SWITCH, StepName.COMMIT)
    assert plan.has(StepName.COMMIT)
    assert not plan.has(StepName.HOOKS)
