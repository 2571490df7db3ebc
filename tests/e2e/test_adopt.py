"""Taking over what runs already, and what `doctor`, `status` and `history` tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench.engine import LABEL, docker

from .checks import nobody_noticed
from .town import Served, Town, said

if TYPE_CHECKING:
    from .conftest import Build

pytestmark = pytest.mark.e2e


def run_by_hand(town: Town, version: str, network: str = "bridge") -> str:
    """A container as somebody started it years ago: no labels of ours, its own name."""
    name, volume = f"old-shop-{town.at.tag}", f"protostar-app-data-{town.at.tag}"
    label = ["--label", f"{LABEL}={town.at.tag}"]
    docker("volume", "create", *label, volume)
    options = ["--name", name, "--network", network, "--volume", f"{volume}:/data"]
    docker("run", "--detach", *label, *options, f"protostar-example/app:{version}")
    return name


def test_a_container_started_by_hand_is_adopted_replaced_and_rolled_back_to(build: Build) -> None:
    town = build()
    name = run_by_hand(town, "v1")
    adopted = town.do("adopt", "--container", name)
    assert adopted.code == 0, adopted.err
    assert adopted.out.startswith(f"Done: {town.name}-blue is live, release ")
    assert town.served() == Served("blue", "1")
    assert (town.at.root / "releases").stat().st_mode & 0o777 == 0o700, "secrets are in there"
    with town.load() as load:
        town.deployed("v2")
        nobody_noticed(town, load.stop())
    assert town.served() == Served("green", "2")
    # Somebody made it by hand: it is stopped and kept.
    assert docker("inspect", "--format", "{{.State.Status}}", name).strip() == "exited"
    # Started again, it must not answer to the name of a colour that others have by then.
    networks = docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", name)
    assert town.at.network not in networks
    with town.load() as load:
        assert town.do("rollback").code == 0
        nobody_noticed(town, load.stop())
    assert town.served() == Served("blue", "1")
    assert town.outcomes() == ["adopted", "done", "done"]
    beside = town.do("adopt", "--container", name)
    assert beside.code == 4
    assert said(beside).error == f"{town.name}-blue is live and answers"


def test_what_does_not_answer_is_not_adopted(build: Build) -> None:
    town = build()
    three = said(town.do("adopt"))
    assert "does not answer /health/ready on port 3000 through the gateway" in three.error
    assert three.state == "no marker was moved"
    assert town.live() == ""
    name = run_by_hand(town, "v1", town.at.network)
    beside = town.do("adopt", "--container", name)
    assert beside.code == 4
    assert f"without the name {town.name}-blue" in said(beside).error
    missing = town.do("adopt", "--container", "nobody")
    assert missing.code == 4
    assert "there is no container `nobody`" in said(missing).error


@pytest.mark.parametrize("markers", [[], ["blue", "green"]], ids=["no marker", "both markers"])
def test_adopt_settles(town: Town, markers: list[str]) -> None:
    town.deployed("v2")
    town.marker("green").unlink()
    for colour in markers:
        town.marker(colour).touch()
    refused = town.run("v1")
    assert refused.code == 4
    *_, colour = said(refused).try_.split()
    assert town.do("adopt", "--colour", colour).code == 0
    assert (town.live(), town.served()) == ("green", Served("green", "2"))
    town.deployed("v1")
    assert town.served() == Served("blue", "1")


def test_doctor_finds_nothing_wrong_where_nothing_is(town: Town) -> None:
    well = town.do("doctor", "--json")
    assert well.code == 0, well.out
    assert {finding["level"] for finding in well.told} == {"ok"}


def test_doctor_names_each_defect_with_what_mends_it(town: Town) -> None:
    container = town.at.containers(town.name)[0]
    format_file = town.at.root / "format"
    (town.at.root / "guard" / town.name / "intent").write_text("green blue yes\n")
    town.marker("green").touch()
    town.at.set(town.name, compose_service="backend", memory_mb=1_000_000)
    found = diagnosis(town)
    assert "both markers are there" in found["adopt"]
    assert "has no service `backend`" in found["edit"]
    assert "MiB of memory" in found["docker stats"]
    town.marker("green").unlink()
    assert found_level(town, "an unfinished switch") == "warn"
    docker("kill", container)
    assert found_level(town, "blue is live and does not answer") == "warn"
    assert found_level(town, "stopped containers are kept") == "warn"
    docker("kill", town.at.gateway)
    assert (
        "does not answer on its private port" in diagnosis(town)[f"docker start {town.at.gateway}"]
    )
    format_file.write_text("2\n")
    newer = [
        each["what"] for each in town.do("doctor", "--json").told if "format 2" in each["what"]
    ]
    assert len(newer) == 1


def diagnosis(town: Town) -> dict[str, str]:
    """The failures, by the beginning of the command that mends each. There must be one."""
    told = town.do("doctor", "--json")
    assert told.code == 4
    bad = [finding for finding in told.told if finding["level"] == "fail"]
    assert all(finding["mend"] for finding in bad)
    keys = ("adopt", "edit", "docker stats", f"docker start {town.at.gateway}")
    return {key: f["what"] for f in bad for key in keys if key in f["mend"]}


def found_level(town: Town, what: str) -> str:
    (finding,) = (f for f in town.do("doctor", "--json").told if f["what"].startswith(what))
    assert finding["mend"]
    return str(finding["level"])


def test_status_and_history_tell_who_serves_and_why(town: Town) -> None:
    town.at.set(town.name, ready={"timeout_s": 1})
    assert town.run("v3").code == 6
    town.at.set(town.name, ready={"timeout_s": 20})
    town.deployed("v2")
    (status,) = json.loads(town.at.deploy("status", "--json").out)
    assert (status["service"], status["live"], status["label"]) == (town.name, "green", "v2")
    assert (status["release"], status["answers"]) == (town.release("v2"), True)
    assert (status["holder"], status["unfinished"]) == (None, None)
    row = town.at.deploy("status").out.splitlines()[1]
    assert row.split()[:4] == [town.name, "here", "green", "v2"]
    assert "1 running" in row
    records = town.do("history", "--json").told
    assert [record["outcome"] for record in records] == ["done", "refused", "done"]
    assert "was not ready within 1 s" in records[1]["reason"]
    assert set(records[2]["steps"]) >= {"start idle", "wait ready", "switch"}
    assert records[2]["drain_s"] is not None
    shown = town.do("history", "-n", "1").out.splitlines()
    assert len(shown) == 2
    assert f"v2 ({town.release('v2')})" in shown[1]


def test_status_says_when_old_code_runs_on_a_newer_schema(town: Town) -> None:
    town.at.set(town.name, before_switch=[["true"]])
    town.deployed("v2")
    back = town.do("rollback")
    assert back.code == 0
    assert "the schema is not rolled back" in back.err
    status = town.at.deploy("status").out
    assert f"old code on the newer schema of {town.release('v2')}" in status
