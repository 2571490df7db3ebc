"""One service of one checkout: its files, the release that they make, the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.config.model import Config, Registry
from pyhelpers.deploy.pipeline import _about, new_id
from pyhelpers.deploy.site import (
    Site,
    earlier_release,
    open_site,
    release_files,
    wanted_release,
)
from pyhelpers.errors import ConfigurationError, PreflightError, ProtostarError, WrongUsage
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import ROOT, MemoryHost

if TYPE_CHECKING:
    from pathlib import Path

HERE = {"Id": "sha256:1d", "Architecture": "amd64", "Size": 1}
COMPOSE = "services: { app: { env_file: api.env } }\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "compose").mkdir()
    (tmp_path / "compose" / "api.yml").write_text(COMPOSE, encoding="utf-8")
    (tmp_path / "compose" / "api.env").write_text("A=1\n", encoding="utf-8")
    return site_in(tmp_path)


def site_in(folder: Path, name: str = "api") -> Site:
    config = Config.model_validate(
        {
            "project": "shop",
            "hosts": {"a5": {"local": True}},
            "services": {"api": {**builders.OF_THE_SERVICE, "compose": "compose/api.yml"}},
        }
    )
    return open_site(config, folder, name, MemoryHost())


def engine_of(site: Site) -> Any:
    assert isinstance(site.host, MemoryHost)
    return site.host.engine


class TestTheSite:
    def test_a_service_that_does_not_exist_is_answered_with_those_that_do(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(WrongUsage) as refused:
            site_in(tmp_path, "apii")
        assert "no service `apii`" in refused.value.error
        assert "api" in refused.value.try_

    @pytest.mark.parametrize(
        ("text", "error"),
        [(b"2\n", "format 2, this program knows 1"), (b"x\n", "format holds no number")],
    )
    def test_a_host_that_a_newer_program_has_changed_is_not_read_any_further(
        self, site: Site, text: bytes, error: str
    ) -> None:
        assert isinstance(site.host, MemoryHost)
        site.host.files[ROOT / "format"] = text
        with pytest.raises(PreflightError, match=error):
            open_site(site.config, site.folder, "api", site.host)


class TestItsFiles:
    def test_the_compose_file_what_it_names_and_what_we_add(self, site: Site) -> None:
        files = release_files(site)
        assert set(files) == {"compose.yml", "override.yml", "api.env"}
        assert files["compose.yml"] == COMPOSE.encode()
        assert files["api.env"] == b"A=1\n"

    def test_the_env_file_that_compose_reads_by_itself(self, site: Site) -> None:
        (site.folder / "compose" / "api.yml").write_text(
            f"{COMPOSE}x-a: ${{A}}\n", encoding="utf-8"
        )
        (site.folder / "compose" / ".env").write_text("A=1\n", encoding="utf-8")
        assert release_files(site)[".env"] == b"A=1\n"

    def test_a_variable_that_only_the_deployers_environment_could_set_is_refused(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("A", "1")
        (site.folder / "compose" / "api.yml").write_text(
            f"{COMPOSE}x-a: ${{A}}\n", encoding="utf-8"
        )
        with pytest.raises(ConfigurationError) as refused:
            release_files(site)
        assert refused.value.error == "compose/api.yml uses A, which no .env beside it sets"
        assert "${A:-…}" in refused.value.try_

    @pytest.mark.parametrize("gone", ["api.yml", "api.env"])
    def test_one_that_is_not_there_is_named(self, site: Site, gone: str) -> None:
        (site.folder / "compose" / gone).unlink()
        with pytest.raises(ConfigurationError) as refused:
            release_files(site)
        assert f"{gone} cannot be read: No such file" in refused.value.error
        assert refused.value.try_ == f"ls -l {site.folder / 'compose' / gone}"


class TestTheRelease:
    def test_the_same_image_and_files_are_the_same_release(self, site: Site) -> None:
        engine_of(site).images["shop/api:v2"] = HERE
        first, second = wanted_release(site, "v2"), wanted_release(site, "v2")
        assert first.target == second.target
        assert first.target.release.image == "sha256:1d"
        assert first.target.action == "deploy"

    def test_a_changed_env_file_is_another_release_of_the_same_image(self, site: Site) -> None:
        engine_of(site).images["shop/api:v2"] = HERE
        before = wanted_release(site, "v2").target.release
        (site.folder / "compose" / "api.env").write_text("A=2\n", encoding="utf-8")
        after = wanted_release(site, "v2").target.release
        assert before.id != after.id
        assert before.image == after.image

    @pytest.mark.parametrize("name", ["shop/api:v2", "registry.lan:5000/shop/api:v2"])
    def test_without_its_registry_it_is_of_the_engines_image_by_either_name(
        self, site: Site, name: str
    ) -> None:
        registry = Registry(address="registry.lan:5000", reach="tunnel")
        config = site.config.model_copy(update={"registry": registry}).without_registry()
        engine_of(site).images[name] = HERE
        wanted = wanted_release(replace(site, config=config), "v2")
        assert wanted.image is not None
        assert (wanted.image.here_as, wanted.target.release.image) == (name, HERE["Id"])

    def test_an_image_that_does_not_exist_is_left_to_the_preflight(self, site: Site) -> None:
        wanted = wanted_release(site, "v9")
        assert wanted.image is None
        assert wanted.target.release.image == "shop/api:v9"


class TestTheWayBack:
    PAST = builders.history("deploy v1 blue done", "deploy v2 green done from v1")

    def keep(self, site: Site, *releases: str) -> None:
        assert isinstance(site.host, MemoryHost)
        for each in releases:
            site.host.files[ROOT / "releases" / "api" / each / "compose.yml"] = b""
            site.host.engine.images[f"protostar-release/api:{each}"] = HERE

    def test_it_needs_no_version_and_no_files_of_this_checkout(self, site: Site) -> None:
        self.keep(site, "v1", "v2")
        wanted = earlier_release(site, self.PAST, None)
        assert wanted.target.release == builders.release("v1")
        assert wanted.target.action == "rollback"
        assert wanted.files == {}

    def test_from_a_release_that_never_became_good_it_leads_to_the_last_good_one(
        self, site: Site
    ) -> None:
        self.keep(site, "v1", "v2")
        assert isinstance(site.host, MemoryHost)
        site.host.mark("blue")
        assert earlier_release(site, self.PAST, None).target.release.id == "v2"
        site.host.mark("green")
        assert earlier_release(site, self.PAST, None).target.release.id == "v1"

    def test_it_can_name_a_release(self, site: Site) -> None:
        self.keep(site, "v1", "v2")
        assert earlier_release(site, self.PAST, "v2").target.release.id == "v2"

    def test_of_two_with_the_same_label_it_is_the_later(self, site: Site) -> None:
        """`latest` was deployed twice, and means another release each time."""
        first, second = self.PAST
        past = (first, replace(second, release=replace(second.release, label="v1")))
        self.keep(site, "v1", "v2")
        assert earlier_release(site, past, "v1").target.release.id == "v2"

    @pytest.mark.parametrize(
        ("past", "to", "error"),
        [
            ((), None, "api has no earlier good release"),
            (PAST[:1], None, "api has no earlier good release"),
            (PAST, "v9", "api has no release v9"),
            (builders.history("deploy v3 blue refused"), "v3", "api has no release v3"),
        ],
    )
    def test_nowhere_to_go_is_said(self, site: Site, past: Any, to: str | None, error: str) -> None:
        with pytest.raises(PreflightError) as refused:
            earlier_release(site, past, to)
        assert refused.value.error == error
        assert refused.value.try_ == "protostar deploy history api"

    @pytest.mark.parametrize("gone", ["the folder", "the image"])
    def test_a_release_that_was_pruned_is_said(self, site: Site, gone: str) -> None:
        self.keep(site, "v1")
        assert isinstance(site.host, MemoryHost)
        if gone == "the folder":
            site.host.files.clear()
        else:
            site.host.engine.images.clear()
        with pytest.raises(PreflightError) as refused:
            earlier_release(site, self.PAST, None)
        assert refused.value.error == "release v1 (v1) is not on a5 any more"
        assert refused.value.try_ == "protostar deploy run api v1"


class TestTheRecordsFirstHalf:
    def about(
        self, facts: dict[str, Any], action: str = "deploy", **service: Any
    ) -> dict[str, Any]:
        target = builders.target(action=action, **service)
        return _about(builders.facts(**facts), builders.plan(target), "ann@desk")

    def test_it_says_who_what_and_whereto(self) -> None:
        told = self.about({})
        assert (told["who"], told["action"], told["colour"]) == ("ann@desk", "deploy", "green")
        assert told["release"]["id"] == "v2"
        assert told["previous"] == "v1"

    @pytest.mark.parametrize(
        "facts",
        [
            {"blue": {"release": "v1", "running": False}},
            {"blue": {"release": ""}, "history": ["adopt v1 blue adopted"]},
            {"blue": None},
        ],
        ids=["exited", "adopted, so without a label", "gone"],
    )
    def test_what_is_left_is_known_even_if_its_containers_do_not_say(
        self, facts: dict[str, Any]
    ) -> None:
        """A rollback that does not know what it left would lead forward to it the next time."""
        assert self.about({"answer": "nobody", **facts})["previous"] == "v1"

    @pytest.mark.parametrize(
        ("action", "service", "ran"),
        [
            ("deploy", {}, False),
            ("deploy", {"before_switch": [["migrate"]]}, True),
            ("rollback", {"before_switch": [["migrate"]]}, False),
        ],
    )
    def test_hooks_that_an_earlier_attempt_ran_are_remembered(
        self, action: str, service: dict[str, Any], *, ran: bool
    ) -> None:
        assert self.about({}, action, **service)["hooks_ran"] is ran

    def test_every_deploy_has_an_id_of_its_own(self) -> None:
        assert len({new_id() for _ in range(20)}) == 20


def test_a_refusal_is_always_something_that_a_person_can_act_on() -> None:
    for kind in (WrongUsage, ConfigurationError, PreflightError):
        assert issubclass(kind, ProtostarError)
