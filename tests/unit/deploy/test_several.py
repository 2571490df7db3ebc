"""One release to several hosts: the commands on machines in memory, each with its own fate."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from pyhelpers.deploy.cli import back, several
from pyhelpers.deploy.cli.options import Options
from pyhelpers.deploy.cli.several import bring
from pyhelpers.deploy.cli.single import How
from pyhelpers.deploy.site import wanted_release
from pyhelpers.errors import Exit, PreflightError, ProtostarError
from tests.model.engine import App, Image
from tests.unit.deploy.memory_fleet import MemoryFleet

PLAIN = Options(Path("x.yml"), (), only_failed=False, json_wanted=False, detach=False, steps=False)
ONLY_FAILED = replace(PLAIN, only_failed=True)
AS_JSON = replace(PLAIN, json_wanted=True)


@pytest.fixture
def fleet() -> MemoryFleet:
    """v1 is live on both."""
    fleet = MemoryFleet("a5", "a6")
    run(fleet, "v1")
    return fleet


def run(fleet: MemoryFleet, version: str, options: Options = PLAIN) -> None:
    sites = fleet.sites()
    wanted = {site.host.name: wanted_release(site, version) for site in sites}
    bring(sites, wanted, How(options, ("run", "api", version), "AGAIN", "SETTLE"))


def rollback(
    fleet: MemoryFleet, to: str | None = None, options: Options = PLAIN, *, now: bool = False
) -> None:
    sites = {site.host.name: site for site in fleet.sites()}
    back.go_back(sites, to, options, now=now)


def spoil(fleet: MemoryFleet, host: str, version: str) -> None:
    """The same image does not get ready on this host: it lacks what the image needs there."""
    images = fleet.worlds[host].machine.engine.images
    name = f"protostar/api:{version}"
    images[name] = Image(images[name].id, App(ready=False))


def mend(fleet: MemoryFleet, host: str, version: str) -> None:
    images = fleet.worlds[host].machine.engine.images
    for name, image in list(images.items()):
        if image.id == images[f"protostar/api:{version}"].id:
            images[name] = Image(image.id, App())


def last_rows(text: str) -> list[list[str]]:
    """The table at the end: host, live, release without its id, outcome."""
    lines = text.splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("host "))
    rows = [line.split() for line in lines[last + 1 :]]
    return [[row[0], row[1], row[2], row[-1]] for row in rows]


class TestADeploy:
    def test_reaches_one_host_after_another(
        self, fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run(fleet, "v2")
        said = capsys.readouterr().out
        assert fleet.serves() == {"a5": "v2", "a6": "v2"}
        assert said.index("a5 (1 of 2)") < said.index("a6 (2 of 2)")
        assert last_rows(said) == [
            ["a5", "green", "v2", "done"],
            ["a6", "green", "v2", "done"],
        ]

    def test_again_changes_nothing(
        self, fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        run(fleet, "v1")
        said = capsys.readouterr().out
        assert said.count("Nothing to do: api-blue serves v1") == 2
        assert [row[-1] for row in last_rows(said)] == ["unchanged", "unchanged"]

    def test_that_fails_on_the_first_host_does_not_touch_the_second(
        self, fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        with pytest.raises(ProtostarError) as failed:
            run(fleet, "v3")
        assert failed.value.exit_code is Exit.FAILED_BEFORE_SWITCH
        assert failed.value.error.startswith("a5: ")
        assert "not tried: a6" in failed.value.state
        assert failed.value.try_.endswith("AGAIN")
        assert fleet.serves() == {"a5": "v1", "a6": "v1"}
        rows = last_rows(capsys.readouterr().out)
        assert rows == [["a5", "blue", "v1", "failed"], ["a6", "blue", "v1", "tried"]]

    def test_goes_on_with_the_hosts_that_are_left(
        self, fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        spoil(fleet, "a6", "v2")
        with pytest.raises(ProtostarError):
            run(fleet, "v2")
        assert fleet.serves() == {"a5": "v2", "a6": "v1"}
        mend(fleet, "a6", "v2")
        capsys.readouterr()
        run(fleet, "v2", ONLY_FAILED)
        said = capsys.readouterr().out
        assert fleet.serves() == {"a5": "v2", "a6": "v2"}
        assert "a6 (1 of 1)" in said
        assert [row[-1] for row in last_rows(said)] == ["unchanged", "done"]

    def test_with_no_host_left_says_so_and_ends_well(
        self, fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        run(fleet, "v1", ONLY_FAILED)
        assert [row[-1] for row in last_rows(capsys.readouterr().out)] == ["unchanged"] * 2

    def test_does_not_look_again_at_hosts_that_are_done(self, fleet: MemoryFleet) -> None:
        sites = fleet.sites()
        wanted = {site.host.name: wanted_release(site, "v1") for site in sites}
        blind: Any = object()  # whoever asks this gateway anything fails
        sites = tuple(replace(site, gateway=blind) for site in sites)
        bring(sites, wanted, How(ONLY_FAILED, (), "AGAIN", "SETTLE"))
        with pytest.raises(AttributeError):
            bring(sites, wanted, How(PLAIN, (), "AGAIN", "SETTLE"))

    def test_is_refused_before_any_host_is_touched_when_one_would_refuse(
        self, fleet: MemoryFleet
    ) -> None:
        del fleet.worlds["a6"].machine.engine.images["protostar/api:v2"]
        with pytest.raises(ProtostarError, match=r"a6: the image protostar/api:v2 does not exist"):
            run(fleet, "v2")
        assert fleet.serves() == {"a5": "v1", "a6": "v1"}

    def test_is_refused_when_the_tag_is_another_image_on_another_host(
        self, fleet: MemoryFleet
    ) -> None:
        images = fleet.worlds["a6"].machine.engine.images
        images["protostar/api:v2"] = images["protostar/api:v4"]
        with pytest.raises(PreflightError, match="would not get the same release") as refused:
            run(fleet, "v2")
        assert refused.value.try_ == "SETTLE"
        assert fleet.serves() == {"a5": "v1", "a6": "v1"}

    def test_tells_all_of_it_as_one_object(
        self, fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        spoil(fleet, "a6", "v2")
        capsys.readouterr()
        with click.Context(click.Command("run")), pytest.raises(click.exceptions.Exit) as ended:
            run(fleet, "v2", AS_JSON)
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert ended.value.exit_code == told["exit_code"] == 6
        assert [(each["host"], each["outcome"], each["label"]) for each in told["hosts"]] == [
            ("a5", "done", "v2"),
            ("a6", "failed", "v1"),
        ]
        assert told["hosts"][0]["result"]["switch_s"] >= 0
        assert told["hosts"][1]["result"]["state"].startswith("api-blue serves")


class TestARollback:
    def test_takes_all_hosts_back(self, fleet: MemoryFleet) -> None:
        run(fleet, "v2")
        rollback(fleet)
        assert fleet.serves() == {"a5": "v1", "a6": "v1"}

    def test_that_stopped_half_way_goes_on_and_takes_nobody_back_twice(
        self, fleet: MemoryFleet
    ) -> None:
        run(fleet, "v2")
        only_a5(fleet, rollback)
        assert fleet.serves() == {"a5": "v1", "a6": "v2"}
        rollback(fleet, options=ONLY_FAILED)
        assert fleet.serves() == {"a5": "v1", "a6": "v1"}

    def test_without_a_sign_of_where_it_was_going_is_refused(self, fleet: MemoryFleet) -> None:
        run(fleet, "v2")
        with pytest.raises(PreflightError, match="nothing shows a rollback of api") as refused:
            rollback(fleet, options=ONLY_FAILED)
        assert refused.value.try_.endswith("--to RELEASE --only-failed")
        assert fleet.serves() == {"a5": "v2", "a6": "v2"}

    def test_that_would_take_the_hosts_to_different_releases_is_refused(
        self, fleet: MemoryFleet
    ) -> None:
        run(fleet, "v2")
        only_a5(fleet, lambda one: run(one, "v6"))
        with pytest.raises(PreflightError, match="would not get the same release"):
            rollback(fleet)
        assert fleet.serves() == {"a5": "v6", "a6": "v2"}
        rollback(fleet, to="v2")
        assert fleet.serves() == {"a5": "v2", "a6": "v2"}


class TestNow:
    """a5 has v2, a6 refused it, a7 was never reached."""

    @pytest.fixture
    def three(self) -> MemoryFleet:
        three = MemoryFleet("a5", "a6", "a7")
        for version in ("v6", "v1"):
            run(three, version)
        spoil(three, "a6", "v2")
        with pytest.raises(ProtostarError):
            run(three, "v2")
        assert three.serves() == {"a5": "v2", "a6": "v1", "a7": "v1"}
        return three

    def test_takes_back_only_who_has_gone_forward(
        self, three: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        rollback(three, now=True)
        assert three.serves() == {"a5": "v1", "a6": "v1", "a7": "v1"}
        outcomes = [row[-1] for row in last_rows(capsys.readouterr().out)]
        assert outcomes == ["done", "ended", "unchanged"]

    def test_on_one_host_alone_that_undid_it_already_there_is_nothing_to_go_back_to(
        self, three: MemoryFleet, capsys: pytest.CaptureFixture[str]
    ) -> None:
        three.worlds = {"a6": three.worlds["a6"]}
        capsys.readouterr()
        rollback(three, now=True)
        assert capsys.readouterr().out.endswith("had failed and was undone already, green serves\n")
        assert three.serves() == {"a6": "v1"}

    def test_a_deploy_that_failed_long_ago_is_not_what_it_is_meant_for(
        self, three: MemoryFleet
    ) -> None:
        three.worlds = {"a6": three.worlds["a6"]}
        three.worlds["a6"].machine.advance(3600)
        rollback(three, now=True)
        assert three.serves() == {"a6": "v6"}


def only_a5(fleet: MemoryFleet, act: Any) -> None:
    worlds = fleet.worlds
    fleet.worlds = {"a5": worlds["a5"]}
    act(fleet)
    fleet.worlds = worlds


@pytest.mark.parametrize(
    ("hosts", "words"),
    [((), "--only-failed"), (("a5", "a6"), "--only-failed --host a5 --host a6")],
)
def test_what_goes_on_after_a_failure_goes_to_no_other_hosts(
    hosts: tuple[str, ...], words: str
) -> None:
    assert replace(PLAIN, hosts=hosts).again == words


def test_a_rollback_that_fails_names_the_release_with_which_it_goes_on(fleet: MemoryFleet) -> None:
    run(fleet, "v2")
    for world in fleet.worlds.values():
        images = world.machine.engine.images
        images.update({name: replace(each, app=App(ready=False)) for name, each in images.items()})
    with pytest.raises(ProtostarError) as failed:
        rollback(fleet, options=replace(PLAIN, hosts=("a5", "a6")))
    again = "protostar deploy rollback api --to v1 --only-failed --host a5 --host a6"
    assert failed.value.try_.endswith(again)
    assert fleet.serves()["a6"] == "v2"


def test_the_process_for_each_host_is_told_which_release_was_checked(fleet: MemoryFleet) -> None:
    sites = fleet.sites()
    wanted = {site.host.name: wanted_release(site, "v2") for site in sites}
    how = How(replace(PLAIN, detach=True), ("run", "api", "v2", "--expect"), "AGAIN", "SETTLE")
    children = several._children(["a5", "a6"], wanted, how)
    assert children._argv_of("a6")[1:] == [
        *("-P", "-m", "pyhelpers.deploy", "run", "api", "v2"),
        *("--expect", wanted["a6"].target.release.id, "--file", "x.yml", "--detach"),
        *("--host", "a6", "--json", "--steps"),
    ]


@pytest.mark.parametrize(("json_wanted", "said"), [(False, "a5  | → switch\n"), (True, "")])
def test_the_lines_of_a_process_bear_its_hosts_name_and_none_disturbs_the_object(
    json_wanted: bool,  # noqa: FBT001 - pytest gives it by its name
    said: str,
    fleet: MemoryFleet,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    how = How(replace(PLAIN, json_wanted=json_wanted), (), "AGAIN", "SETTLE")
    several._children(["a5", "a10"], {}, how)._say("a5", "→ switch")
    assert capsys.readouterr().out == said


def test_a_host_alone_prints_its_own_object(
    fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    only_a5(fleet, lambda one: run(one, "v2", AS_JSON))
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["label"]) == ("done", "v2")
    assert "hosts" not in told


def test_a_process_of_ours_shows_its_steps_beside_the_object(
    fleet: MemoryFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    only_a5(fleet, lambda one: run(one, "v2", replace(AS_JSON, steps=True)))
    said = capsys.readouterr()
    assert json.loads(said.out)["outcome"] == "done"
    assert "→ switch" in said.err
    assert "Done: api-green serves v2" in said.err
