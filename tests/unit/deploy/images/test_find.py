"""Which image is meant: what a person types, and what the engine or the registry knows of it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from docker.errors import APIError

from pyhelpers.config.model import Config
from pyhelpers.deploy.images.find import find_image, here_as, image_here
from pyhelpers.deploy.images.names import (
    label_of,
    name_in_registry,
    references,
    repository_of,
    version_of,
)
from pyhelpers.deploy.images.sources import OwnEngine, Sources
from pyhelpers.deploy.model import ImageFacts, Way
from pyhelpers.errors import Exit, PreflightError, Unreachable
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import MemoryHost

REGISTRY = {"address": "registry.lan:5000", "reach": "direct"}
DIGEST = "sha256:" + "5f" * 32
HERE: dict[str, Any] = {"Id": "sha256:" + "1d" * 32, "Architecture": "amd64", "Size": 200 << 20}
TOLD = {"Descriptor": {"digest": DIGEST}, "Platforms": [{"architecture": "amd64", "os": "linux"}]}


def config(registry: dict[str, str] | None, host: dict[str, Any] | None = None) -> Config:
    return Config.model_validate(
        {
            "project": "shop",
            "hosts": {"a5": host or {"local": True}},
            "registry": registry,
            "services": {"api": builders.OF_THE_SERVICE},
        }
    )


@pytest.mark.parametrize(
    ("registry", "version", "meant"),
    [
        (REGISTRY, "v2", ["registry.lan:5000/shop/api:v2"]),
        (REGISTRY, f"@{DIGEST}", [f"registry.lan:5000/shop/api@{DIGEST}"]),
        (REGISTRY, "other.lan/shop/api:v2", ["other.lan/shop/api:v2"]),
        (REGISTRY, DIGEST, [DIGEST]),
        ({**REGISTRY, "reach": "none"}, "v2", ["shop/api:v2", "registry.lan:5000/shop/api:v2"]),
        (REGISTRY, f"v2@{DIGEST}", [f"registry.lan:5000/shop/api:v2@{DIGEST}"]),
        (None, "v2", ["shop/api:v2"]),
        (None, f"@{DIGEST}", [f"shop/api@{DIGEST}"]),
    ],
)
def test_what_is_typed_means(
    registry: dict[str, str] | None, version: str, meant: list[str]
) -> None:
    assert list(references(config(registry), builders.service(), version)) == meant


@pytest.mark.parametrize(
    ("version", "label"),
    [
        ("v2", "v2"),
        (f"v2@{DIGEST}", "v2"),
        (f"@{DIGEST}", f"@{DIGEST}"),
        (f"other.lan/shop/api:v2@{DIGEST}", f"other.lan/shop/api:v2@{DIGEST}"),
    ],
)
def test_a_version_with_its_digest_is_called_by_the_version(version: str, label: str) -> None:
    assert label_of(version) == label


@pytest.mark.parametrize("registry", [REGISTRY, {**REGISTRY, "reach": "tunnel"}])
def test_without_its_registry_an_installation_is_as_if_no_host_reached_it(
    registry: dict[str, str],
) -> None:
    assert config(registry).without_registry() == config({**registry, "reach": "none"})
    assert config(None).without_registry() == config(None)


@pytest.mark.parametrize(
    ("whole", "repository"),
    [
        ("registry.lan:5000/shop/api:v2", "registry.lan:5000/shop/api"),
        (f"registry.lan:5000/shop/api@{DIGEST}", "registry.lan:5000/shop/api"),
        (f"registry.lan:5000/shop/api:v2@{DIGEST}", "registry.lan:5000/shop/api"),
        ("registry.lan:5000/shop/api", "registry.lan:5000/shop/api"),
        ("shop/api:v2", "shop/api"),
        ("api:v2", "api"),
        ("api", "api"),
    ],
)
def test_a_port_is_no_tag(whole: str, repository: str) -> None:
    assert repository_of(whole) == repository


def no_engine() -> OwnEngine:
    raise AssertionError("the deployer's own engine was asked")


NOBODY = Sources(own_engine=no_engine)
AFAR = {"ssh": "deploy@a5.lan"}


@pytest.mark.parametrize(
    ("whole", "name", "version"),
    [
        ("registry.lan:5000/shop/api:v2", "shop/api", "v2"),
        (f"registry.lan:5000/shop/api@{DIGEST}", "shop/api", DIGEST),
        (f"registry.lan:5000/shop/api:v2@{DIGEST}", "shop/api", DIGEST),
        ("registry.lan:5000/api", "api", "latest"),
    ],
)
def test_a_registry_has_its_own_name_for_it(whole: str, name: str, version: str) -> None:
    assert (name_in_registry(whole), version_of(whole)) == (name, version)


class TestInTheEngine:
    def test_it_is_known_by_its_id(self) -> None:
        host = MemoryHost()
        host.engine.images["shop/api:v2"] = HERE
        assert find_image(host, config(None), "shop/api:v2", NOBODY) == ImageFacts(
            HERE["Id"],
            HERE["Id"],
            ("amd64",),
            present=True,
            size_bytes=200 << 20,
            here_as="shop/api:v2",
        )

    def test_one_that_is_not_there_does_not_exist(self) -> None:
        assert find_image(MemoryHost(), config(None), "shop/api:v2", NOBODY) is None

    def test_the_registry_is_not_asked_for_what_it_does_not_hold(self) -> None:
        host = MemoryHost()
        host.engine.images["protostar-release/api:v1"] = HERE
        found = find_image(host, config(REGISTRY), "protostar-release/api:v1", NOBODY)
        assert found is not None
        assert found.present

    def test_an_engine_that_is_not_there_is_said(self) -> None:
        host = MemoryHost()
        host.engine.up = False
        with pytest.raises(Unreachable) as failed:
            find_image(host, config(None), "shop/api:v2", NOBODY)
        assert failed.value.error == "a5: the engine does not answer (ConnectionRefusedError)"
        assert failed.value.exit_code is Exit.PREFLIGHT


class TestInTheRegistry:
    WANTED = "registry.lan:5000/shop/api:v2"
    PINNED = f"registry.lan:5000/shop/api@{DIGEST}"

    def find(self, wanted: str = WANTED, **state: Any) -> ImageFacts | None:
        host = MemoryHost()
        host.engine.registry[wanted] = state.get("answer", TOLD)
        return find_image(host, config(REGISTRY), wanted, NOBODY)

    def test_a_tag_becomes_a_digest(self) -> None:
        assert self.find() == ImageFacts(self.PINNED, DIGEST, ("amd64",), present=False)

    def test_a_digest_stays_one(self) -> None:
        found = self.find(self.PINNED)
        assert found is not None
        assert found.reference == self.PINNED

    @pytest.mark.parametrize("platforms", [None, []])
    def test_an_image_may_keep_its_architecture_to_itself(self, platforms: Any) -> None:
        found = self.find(answer={**TOLD, "Platforms": platforms})
        assert found is not None
        assert found.architectures == ()

    def test_one_that_nobody_knows_does_not_exist(self) -> None:
        assert find_image(MemoryHost(), config(REGISTRY), self.WANTED, NOBODY) is None

    @pytest.mark.parametrize("words", ["manifest unknown: v2", "repository shop/api not found"])
    def test_a_registry_may_say_so_in_its_own_words(self, words: str) -> None:
        assert self.find(answer=APIError(words)) is None

    def test_a_registry_that_does_not_answer_is_no_missing_image(self) -> None:
        with pytest.raises(Unreachable) as failed:
            self.find(answer=APIError("500", explanation="connection refused"))
        assert "does not tell about registry.lan:5000/shop/api:v2" in failed.value.error
        assert "connection refused" in failed.value.error
        assert failed.value.try_.startswith("protostar deploy run … --no-registry")


class TestUnderAnotherName:
    """What came through a tunnel, or from us, has no registry's name on the host."""

    IMAGE = ImageFacts(f"r/api@{DIGEST}", DIGEST, (), present=False, config_digest="sha256:c0")

    @pytest.mark.parametrize("name", [IMAGE.reference, "sha256:c0", "protostar-release/api:v1"])
    def test_it_is_found_by_any_of_them(self, name: str) -> None:
        host = MemoryHost()
        host.engine.images[name] = HERE
        assert here_as(host, self.IMAGE, ["protostar-release/api:v1"]) == name

    def test_a_tag_that_is_not_asked_for_is_not_it(self) -> None:
        host = MemoryHost()
        host.engine.images["registry.lan:5000/shop/api:v2"] = HERE
        assert here_as(host, self.IMAGE, ["protostar-release/api:v1"]) == ""


class TestFromTheDeployersEngine:
    """`none`: a host far away, and no registry that would be asked."""

    def find(self, own: MemoryHost, registry: dict[str, str] | None = None) -> ImageFacts | None:
        sources = Sources(own_engine=lambda: cast("OwnEngine", own))
        return find_image(MemoryHost(), config(registry, AFAR), "shop/api:v2", sources)

    @pytest.mark.parametrize("registry", [None, {**REGISTRY, "reach": "none"}])
    def test_its_id_there_identifies_it(self, registry: dict[str, str] | None) -> None:
        own = MemoryHost()
        own.engine.images["shop/api:v2"] = HERE
        found = self.find(own, registry)
        assert found == ImageFacts(
            HERE["Id"],
            HERE["Id"],
            ("amd64",),
            present=False,
            size_bytes=HERE["Size"],
            way=Way.SHIP,
        )

    def test_one_that_is_not_there_does_not_exist(self) -> None:
        assert self.find(MemoryHost()) is None

    def test_a_machine_without_an_engine_is_told_what_it_would_be_needed_for(self) -> None:
        own = MemoryHost()
        own.engine.up = False
        with pytest.raises(PreflightError) as failed:
            self.find(own)
        assert "shop/api:v2 is in no registry, so it comes from this machine's engine" in str(
            failed.value
        )
        assert failed.value.try_.startswith("docker version")

    def test_the_hosts_own_images_are_looked_up_there(self) -> None:
        host = MemoryHost()
        host.engine.images["protostar-release/api:v1"] = HERE
        found = image_here(host, "protostar-release/api:v1")
        assert found is not None
        assert found.here_as == "protostar-release/api:v1"
