"""Deploys that go well, and what a user notices of them: nothing."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from bench.engine import docker
from bench.load import late_old

from .checks import nobody_noticed
from .colours import wait_until
from .town import Served, said

if TYPE_CHECKING:
    from .conftest import Build
    from .town import Town

pytestmark = pytest.mark.e2e


def test_three_deploys_under_load_are_noticed_by_nobody(town: Town) -> None:
    switches, began_s = [], []
    slow = {"slow_per_s": 2, "slow_s": 1.5, "uploads_per_s": 1, "upload_s": 1.5}
    with town.load(rate=120, **slow) as load:
        for version, old in (("v2", "blue"), ("v1", "green"), ("v2", "blue")):
            began_s.append(time.time())
            told = town.deployed(version, "--json").told
            switches.append((told["switched_at"], old))
        result = load.stop()
    nobody_noticed(town, result)
    assert set(result.report.by_kind) == {"get", "post", "slow", "upload"}
    # Each is judged until the next command began: its colour may answer again from there on.
    for (at_s, old), until_s in zip(switches, [*began_s[1:], float("inf")], strict=True):
        of_this_one = [event for event in result.events if event.started_s < until_s]
        assert late_old(of_this_one, at_s, old) == []


def test_the_same_command_again_changes_nothing_and_says_so(town: Town) -> None:
    before = town.snapshot()
    again = town.deployed("v1")
    assert again.out.startswith("Nothing to do: ")
    assert town.deployed("v1", "--json").told["outcome"] == "unchanged"
    assert town.snapshot() == before


def test_each_replica_gets_requests(build: Build) -> None:
    town = build(replicas=2)
    town.deployed("v1")
    with town.load() as load:
        town.deployed("v2")
        nobody_noticed(town, load.stop())
    assert len(town.at.containers(town.name)) == 2
    url = f"{town.at.private_url}/-/live/{town.name}/"
    addresses = {httpx.get(url, trust_env=False).headers["X-Upstream-Addr"] for _ in range(20)}
    assert len(addresses) == 2


def test_a_warm_colour_stays_and_a_rollback_to_it_only_renames(build: Build) -> None:
    town = build(keep_warm=True)
    town.deployed("v1")
    town.deployed("v2")
    assert town.colours_running() == ["blue", "green"]
    with town.load(rate=120) as load:  # it is soon over
        back = town.do("rollback", "--json")
        nobody_noticed(town, load.stop())
    assert back.code == 0
    steps = [step["name"] for step in back.told["steps"]]
    assert "start idle" not in steps
    assert "fetch image" not in steps
    assert town.served() == Served("blue", "1")
    assert town.colours_running() == ["blue", "green"]


def test_a_rollback_needs_no_version_and_names_the_release_before(town: Town) -> None:
    town.deployed("v2")
    with town.load() as load:
        assert town.do("rollback").code == 0
        nobody_noticed(town, load.stop())
    assert town.served() == Served("blue", "1")
    none = town.do("rollback")
    assert none.code == 4
    assert "no earlier good release" in said(none).error
    assert town.do("rollback", "--to", "v2").code == 0
    assert town.served() == Served("green", "2")
    unknown = town.do("rollback", "--to", "v9")
    assert unknown.code == 4
    assert "v9" in said(unknown).error


def test_a_rollback_brings_back_the_configuration_with_the_image(town: Town) -> None:
    town.at.set_environment(town.name, GREETING="new")
    town.deployed("v1")
    assert town.at.history(town.name)[0]["release"]["image"] == str(
        town.at.history(town.name)[-2]["release"]["image"]
    )
    assert "GREETING=new" in environment(town)
    assert town.do("rollback").code == 0
    assert "GREETING=new" not in environment(town)


def environment(town: Town) -> list[str]:
    (container,) = town.at.containers(town.name)
    found: list[str] = json.loads(docker("inspect", "-f", "{{json .Config.Env}}", container))
    return found


MIGRATE = ["python3", "-m", "app.migrate"]


def test_hooks_run_once_a_release_though_the_first_attempt_was_refused(build: Build) -> None:
    town = build(before_switch=[MIGRATE], environment={"READY_AFTER_S": "1.5"})
    town.deployed("v1")
    town.at.set(town.name, ready={"timeout_s": 0.5})
    refused = town.run("v2")
    assert refused.code == 6, (refused.out, refused.err)
    assert "was not ready within 0.5 s" in said(refused).error
    town.at.set(town.name, ready={"timeout_s": 20})
    again = town.deployed("v2")
    assert "hook 1 has run for this release already" in again.out
    assert migrations(town) == [town.release("v1"), town.release("v2")]
    assert town.do("rollback").code == 0
    assert len(migrations(town)) == 2


def migrations(town: Town) -> list[str]:
    """Releases whose hook has run, in order."""
    container = town.at.containers(town.name)[0]
    lines = docker("exec", container, "cat", "/data/migrations.log").splitlines()
    return [line.removeprefix("migrated ") for line in lines]


def test_a_failing_hook_stops_the_deploy_before_anything_moved(town: Town) -> None:
    town.at.set(town.name, before_switch=[["sh", "-c", "echo no such table; exit 3"]])
    with town.load() as load:
        failed = town.run("v2")
        nobody_noticed(town, load.stop())
    assert failed.code == 6
    first, *log = said(failed).error.splitlines()
    assert first.endswith("ended with 3; its last lines:")
    assert [line.strip() for line in log] == ["no such table"]
    assert said(failed).state == f"{town.name}-blue serves; traffic never moved"
    assert (town.live(), town.colours_running()) == ("blue", ["blue"])
    assert docker("logs", said(failed).try_.split()[-1]).strip() == "no such table"


def test_detached_it_returns_after_the_commit_and_the_host_finishes(town: Town) -> None:
    with town.load(rate=20, slow_per_s=2, slow_s=6) as load:
        time.sleep(1)
        detached = town.deployed("v2", "--detach")
        assert town.served() == Served("green", "2")
        assert town.colours_running() == ["blue", "green"]
        assert "→ drain" not in detached.out
        assert detached.out.splitlines()[-1].endswith("the host drains and stops the old colour")
        wait_until(lambda: town.colours_running() == ["green"], "the host has stopped blue", 20)
        nobody_noticed(town, load.stop())
    town.wait_free()
    finished = town.at.history(town.name)[-1]
    assert (finished["outcome"], finished["cut"]) == ("finished", 0)
    assert finished["drain_s"] > 1, "the slow requests were waited for"


def test_json_is_one_object_and_says_all_that_the_lines_say(town: Town) -> None:
    done = town.run("v2", "--json")
    told = done.told
    assert told["outcome"] == "done"
    assert told["exit_code"] == done.code == 0
    assert (told["service"], told["action"], told["label"]) == (town.name, "deploy", "v2")
    assert (told["live"], told["idle"], told["detached"]) == ("blue", "green", False)
    assert told["release"] == town.release("v2")
    assert list(told["seconds"]) == [step["name"] for step in told["steps"]]
    assert told["id"] == town.at.history(town.name)[-1]["id"]
    assert 0 < told["switch_s"] < 1
    assert abs(told["switched_at"] - time.time()) < 60
    refused = town.run("v99", "--json")
    assert set(refused.told) == {"error", "state", "try", "exit_code"}
    assert refused.told["exit_code"] == refused.code == 4


def test_plan_prints_the_steps_that_run_then_takes(town: Town) -> None:
    before = town.snapshot()
    planned = town.do("plan", "v2", "--json").told
    assert "rename the marker blue → green" in town.do("plan", "v2").out
    assert town.snapshot() == before
    done = town.deployed("v2", "--json").told
    assert [step["name"] for step in planned["steps"]] == list(done["seconds"])


def test_websockets_and_streams_live_on_until_drain_s_and_the_cut_are_counted(
    build: Build,
) -> None:
    town = build(drain_s=4, stop_grace_s=2)
    town.deployed("v1")
    with town.load(rate=20, websockets=3, streams=2) as load:
        time.sleep(0.5)
        done = town.deployed("v2", "--json").told
        result = load.stop()
    nobody_noticed(town, result)
    held = result.report.held
    assert [line.colour for line in held] == ["blue"] * 5
    lived_on_s = [line.cut_s - done["switched_at"] for line in held if line.cut_s is not None]
    assert len(lived_on_s) == 5
    assert min(lived_on_s) >= 4, lived_on_s
    assert done["cut"] == 5
    assert town.at.history(town.name)[-1]["cut"] == 5
