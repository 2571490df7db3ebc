"""A new version that is bad, or a live one that is: who serves, who fails, and what is said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from bench.engine import docker
from bench.load import failed_after
from bench.load.analysis import GRACE_S

from .checks import nobody_noticed, orders_are_safe
from .listening import listening
from .town import Served, Town, said

if TYPE_CHECKING:
    from bench.load import Event, Result

    from .conftest import Build

pytestmark = pytest.mark.e2e

MIN_ERRORS = 5
BAKE = {"for_s": 20, "max_5xx_percent": 1.0, "min_errors": MIN_ERRORS}


def test_a_version_that_never_gets_ready_is_refused_and_nobody_notices(town: Town) -> None:
    town.at.set(town.name, ready={"timeout_s": 2})
    with town.load(rate=120, slow_per_s=2) as load:
        refused = town.run("v3")
        nobody_noticed(town, load.stop())
    three = said(refused)
    assert refused.code == 6
    assert f"{town.name}-green was not ready within 2 s: /health/ready on port 3000" in three.error
    assert "gave 503 from" in three.error
    assert "its last lines:\n" in three.error
    assert three.state == f"{town.name}-blue serves; traffic never moved"
    assert "listening on" in docker("logs", three.try_.split()[-1])
    assert (town.live(), town.colours_running()) == ("blue", ["blue"])
    assert town.outcomes() == ["done", "refused"]


def test_a_version_that_answers_500_is_flipped_back_and_only_its_own_answers_fail(
    town: Town,
) -> None:
    town.at.set(town.name, bake=BAKE)
    with town.load(rate=120, slow_per_s=1) as load:
        time.sleep(1)
        bad = town.run("v4")
        time.sleep(1)
        result = load.stop()
    assert bad.code == 7
    three = said(bad)
    assert "v4 is worse than it may be: " in three.error
    assert three.state == f"{town.name}-blue serves; traffic was flipped back"
    assert town.outcomes() == ["done", "flipped_back"]
    assert (town.served(), town.colours_running()) == (Served("blue", "1"), ["blue"])
    assert_only_its_own(town, result)
    # Of the moment at which the fifth error was answered; the bench holds it to 2 s.
    fifth_s = sorted(event.finished_s for event in failures_of(result))[MIN_ERRORS - 1]
    late_s = flipped_at_s(town) - fifth_s
    print(f"flipped back {late_s:.2f} s after the limit was passed")  # noqa: T201 - a figure


def assert_only_its_own(town: Town, result: Result) -> None:
    failures = failures_of(result)
    assert {(each.status, each.release) for each in failures} == {(500, town.release("v4"))}
    # A folder's mtime is the kernel's last tick, so it lies some milliseconds early.
    assert failed_after(result.events, flipped_at_s(town) + GRACE_S) == []
    orders_are_safe(town, result)


def failures_of(result: Result) -> list[Event]:
    return [event for event in result.events if event.failure is not None]


def flipped_at_s(town: Town) -> float:
    """The folder of the markers changes with a rename and with nothing else."""
    return town.marker("blue").parent.stat().st_mtime


def test_with_too_little_traffic_the_bake_says_no_verdict(town: Town) -> None:
    town.at.set(town.name, bake={"for_s": 1})
    done = town.deployed("v2", "--json").told
    assert done["verdict"] == "no verdict: 0 requests, 20 are needed"


@pytest.mark.parametrize("trouble", ["kill", "pause"])
def test_a_fix_gets_through_to_a_live_colour_that_is_broken(town: Town, trouble: str) -> None:
    town.at.set(town.name, drain_s=5)
    docker(trouble, *town.at.containers(town.name))
    fixed = town.run("v2")
    assert fixed.code == 0, (fixed.out, fixed.err)
    assert f"{town.name}-blue does not answer: nothing to flip back to" in fixed.err
    assert (town.served(), town.colours_running()) == (Served("green", "2"), ["green"])
    assert town.run("v2").out.startswith("Nothing to do")


def test_nothing_is_flipped_back_to_a_colour_that_is_broken(town: Town) -> None:
    town.at.set(town.name, bake=BAKE)
    docker("kill", *town.at.containers(town.name))
    with town.start("run", "v4") as deployer:
        deployer.reached("bake")
        with town.load(rate=60):
            bad = deployer.finish()
    assert bad.code == 7
    assert said(bad).state == f"{town.name}-green serves; there was nothing to flip back to"
    assert (town.live(), town.served().colour) == ("green", "green")


def test_a_port_that_nobody_listens_on(build: Build) -> None:
    town = build(port=3999, ready={"timeout_s": 2})
    refused = town.run("v1")
    assert refused.code == 6
    three = said(refused)
    assert "on port 3999 gave 502 from the gateway: nobody listens at " in three.error
    assert three.state == f"no colour of {town.name} serves; traffic never moved"
    assert (town.live(), town.colours_running()) == ("", [])


def test_a_first_deploy_is_no_error(build: Build) -> None:
    town = build()
    first = town.deployed("v1", "--json").told
    assert (first["live"], first["idle"]) == (None, "blue")
    assert town.served() == Served("blue", "1")
    assert town.outcomes() == ["done"]


def test_a_container_that_exits_fails_at_once_with_its_last_lines(town: Town) -> None:
    town.at.set_environment(town.name, PORT="not a number")
    started = time.monotonic()
    refused = town.run("v2")
    assert refused.code == 6
    assert time.monotonic() - started < 10, "it did not wait for the end of its 20 s"
    assert "ValueError: invalid literal for int()" in said(refused).error
    assert town.served() == Served("blue", "1")


def test_a_marker_that_was_changed_by_hand_before_the_switch(town: Town) -> None:
    town.at.set_environment(town.name, READY_AFTER_S="2")
    with town.start("run", "v2") as deployer:
        deployer.reached("wait ready")
        town.marker("blue").rename(town.marker("green"))
        refused = deployer.finish()
    assert refused.code != 0
    assert "the marker is not where it was; somebody changed it by hand" in said(refused).error
    assert f"{town.name}-green serves" in said(refused).state
    town.wait_free()
    assert town.live() == "green"


def test_a_marker_that_was_changed_by_hand_during_the_bake(town: Town) -> None:
    town.at.set(town.name, bake={"for_s": 2})
    with town.load() as load:
        with town.start("run", "v2") as deployer:
            deployer.reached("bake")
            town.marker("green").rename(town.marker("blue"))
            refused = deployer.finish()
        nobody_noticed(town, load.stop())
    assert refused.code == 7
    assert "somebody changed it by hand" in said(refused).error
    assert said(refused).state.startswith(f"{town.name}-blue serves; ")
    assert "nothing to flip back to" not in said(refused).state
    town.wait_free()
    assert (town.served(), town.colours_running()) == (Served("blue", "1"), ["blue"])


def test_the_team_hears_of_a_refusal_and_of_a_flip_back_and_of_nothing_else(town: Town) -> None:
    town.at.top["notify"] = {"webhook": "${NOTIFY_URL}"}
    town.at.write()
    with listening() as team:
        env = {"NOTIFY_URL": f"{team.url}/hook?token=s3cret", "PROTOSTAR_WHO": "ana"}
        assert town.do("run", "v2", env=env).code == 0
        assert town.do("run", "v99", env=env).code == 4
        town.at.set(town.name, bake=BAKE)
        with town.load(rate=60) as load:
            bad = town.do("run", "v4", env=env)
            load.kill()
    assert bad.code == 7
    refused, flipped_back = team.heard
    assert (refused["label"], refused["exit_code"]) == ("v99", 4)
    assert (flipped_back["label"], flipped_back["exit_code"]) == ("v4", 7)
    assert flipped_back["state"] == f"{town.name}-green serves; traffic was flipped back"
    assert {each["service"] for each in team.heard} == {town.name}
    assert {each["who"] for each in team.heard} == {"ana"}
    assert "s3cret" not in bad.out + bad.err


def test_a_webhook_that_does_not_answer_changes_nothing_but_a_warning(town: Town) -> None:
    town.at.top["notify"] = {"webhook": "http://127.0.0.1:9/hook?token=s3cret"}
    town.at.write()
    refused = town.run("v99")
    assert refused.code == 4
    assert "Warning: the webhook was not reached" in refused.err
    assert "s3cret" not in refused.err
    assert httpx.get(town.at.url, trust_env=False).status_code == 200
