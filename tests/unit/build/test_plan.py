"""What is planned, what is refused, and what is warned of."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from pyhelpers.build.model import Builder, Cache, Plan, Source, Wanted
from pyhelpers.build.plan import plan_of, refuse_usage
from pyhelpers.errors import PreflightError, WrongUsage

from .builders import COMMIT, ENGINES, OURS, REGISTRY, config, source, wanted

DIRTY = {"changed": ("a.py", "b.py")}


def planned(
    wanted_: Wanted | None = None, source_: Source | None = None, builder: Builder = ENGINES
) -> Plan:
    return plan_of(config(), wanted_ or wanted(), source_ or source(), builder)


def options(plan: Plan, name: str) -> list[str]:
    argv = plan.steps[0].argv
    return [value for option, value in itertools.pairwise(argv) if option == name]


class TestNames:
    def test_are_the_version_and_the_commit(self) -> None:
        assert planned().references == (
            "registry.lan:5000/shop/api:v2",
            f"registry.lan:5000/shop/api:{COMMIT[:12]}",
        )

    def test_without_a_version_are_the_commit(self) -> None:
        assert planned(wanted(version="")).references == (
            f"registry.lan:5000/shop/api:{COMMIT[:12]}",
        )

    def test_say_what_is_in_no_commit(self) -> None:
        plan = planned(wanted(allow_dirty=True), source(**DIRTY))
        assert plan.references[1].endswith(f":{COMMIT[:12]}-dirty")

    def test_have_the_registry_that_the_builder_reaches(self) -> None:
        plan = planned(wanted(registry="127.0.0.1:5000"))
        assert plan.references[0] == "127.0.0.1:5000/shop/api:v2"

    @pytest.mark.parametrize("registry", [None, {**REGISTRY, "reach": "none"}])
    def test_have_no_registry_where_nothing_is_pushed(
        self, registry: dict[str, str] | None
    ) -> None:
        plan = plan_of(config(registry), wanted(), source(), ENGINES)
        assert (plan.pushes, plan.references[0]) == (False, "shop/api:v2")
        assert plan.digest_prefix == ""

    def test_of_what_is_pushed_lead_to_the_digest(self) -> None:
        assert planned().digest_prefix == "v2@"


def test_labels_say_where_it_comes_from() -> None:
    assert options(planned(source_=source(origin="https://git.lan/api.git")), "--label") == [
        "org.opencontainers.image.title=shop/api",
        "org.opencontainers.image.version=v2",
        f"org.opencontainers.image.revision={COMMIT}",
        "org.opencontainers.image.created=2026-11-27T03:00:00+09:00",
        "org.opencontainers.image.source=https://git.lan/api.git",
        "org.protostar.build=shop/api",
    ]


def test_the_same_commit_makes_the_same_labels() -> None:
    assert planned() == planned()


class TestPruning:
    def test_is_of_a_builder_that_bears_our_name(self) -> None:
        assert [step.name for step in planned(builder=OURS).steps] == ["build", "prune"]
        assert "buildx prune" in " ".join(planned(builder=OURS).steps[1].argv)

    def test_is_not_of_anybody_elses_builder(self) -> None:
        plan = planned(builder=replace(OURS, name="team"))
        assert [step.name for step in plan.steps] == ["build"]

    def test_in_the_engine_is_of_our_images_alone(self) -> None:
        step = planned().steps[1]
        assert step.argv[-3:] == ("org.protostar.build=shop/api", "registry.lan:5000/shop/api", "5")
        assert "prune" not in step.argv[2]

    def test_takes_no_image_that_only_the_engine_has(self) -> None:
        assert [step.name for step in planned(wanted(push=False)).steps] == ["build"]

    def test_of_a_folder_is_a_step(self) -> None:
        local = wanted(cache=Cache.LOCAL, cache_folder=PurePosixPath("/c"))
        names = [step.name for step in planned(local, builder=OURS).steps]
        assert names == ["build", "keep cache", "prune"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("source_", "words", "try_"),
        [
            (source(**DIRTY), "not in a commit: a.py, b.py", "--allow-dirty"),
            (
                source(changed=tuple("abcdefg")),
                "not in a commit: a, b, c, d, e and 2 more",
                "--allow-dirty",
            ),
            (
                Source(problem="fatal: not a git repository"),
                (
                    ". is in no commit of git, so nobody could tell what was built "
                    "(fatal: not a git repository)"
                ),
                "--allow-dirty",
            ),
            (source(has_recipe=False), "there is no Dockerfile", "--context"),
        ],
    )
    def test_say_what_and_how_to_go_on(self, source_: Source, words: str, try_: str) -> None:
        with pytest.raises(PreflightError) as refused:
            planned(source_=source_)
        assert refused.value.error == words
        assert try_ in refused.value.try_

    def test_come_all_at_once(self) -> None:
        old = replace(ENGINES, buildx=(0, 12, 0))
        with pytest.raises(PreflightError) as refused:
            planned(source_=source(has_recipe=False, **DIRTY), builder=old)
        assert len(refused.value.error.splitlines()) == 3

    def test_without_commit_and_version_there_is_no_name(self) -> None:
        with pytest.raises(PreflightError, match="needs a VERSION"):
            planned(wanted(version="", allow_dirty=True), Source())

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"service": "nix"}, "no service `nix`"),
            ({"version": "v 2"}, "cannot be a tag"),
            ({"version": "-v2"}, "cannot be a tag"),
            ({"cache": Cache.LOCAL}, "go together"),
            ({"cache_folder": PurePosixPath("c")}, "go together"),
        ],
    )
    def test_of_usage_come_before_anything_is_asked(
        self, changes: dict[str, object], words: str
    ) -> None:
        with pytest.raises(WrongUsage, match=words):
            refuse_usage(wanted(**changes), config())


class TestWarnings:
    def test_are_none_where_all_is_well(self) -> None:
        assert planned().warnings == ()

    def test_say_why_a_dockerignore_matters(self) -> None:
        (words,) = planned(source_=source(has_ignores=False)).warnings
        assert "no .dockerignore" in words
        assert ".git" in words

    def test_say_what_is_in_no_commit(self) -> None:
        (words,) = planned(wanted(allow_dirty=True), source(**DIRTY)).warnings
        assert words == "built with what is in no commit: a.py, b.py"

    def test_say_what_the_builder_cannot(self) -> None:
        asked = wanted(cache=Cache.REGISTRY, sbom=True)
        assert len(planned(asked).warnings) == 2
        assert planned(asked, builder=OURS).warnings == ()
