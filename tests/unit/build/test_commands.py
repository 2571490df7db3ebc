"""What is typed, token by token."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from pyhelpers.build import commands
from pyhelpers.build.model import Builder, Cache

from .builders import ENGINES, OURS, wanted

ALWAYS = "docker buildx build --builder {} --progress rawjson --file Dockerfile --tag r/shop/api:v2"
CACHE = "type=registry,ref=r/shop/api:buildcache"


def typed(builder: Builder = ENGINES, *, pushes: bool = True, **changes: object) -> str:
    argv = commands.build(wanted(**changes), builder, ["r/shop/api:v2"], [], pushes=pushes)
    begins = ALWAYS.format(builder.name) + " "
    assert shlex.join(argv).startswith(begins)
    return shlex.join(argv).removeprefix(begins)


@pytest.mark.parametrize(
    ("changes", "rest"),
    [
        ({}, "--push ."),
        ({"pushes": False}, "--load ."),
        ({"target": "run"}, "--target run --push ."),
        ({"platform": "linux/arm64"}, "--platform linux/arm64 --push ."),
        ({"build_args": ("A=1 2", "B")}, "--build-arg 'A=1 2' --build-arg B --push ."),
        ({"secrets": ("id=npm,src=.npmrc",)}, "--secret id=npm,src=.npmrc --push ."),
        ({"pull": True}, "--pull --push ."),
        ({"cache": Cache.NONE}, "--no-cache --push ."),
        ({"cache": Cache.REGISTRY, "sbom": True}, "--push ."),
    ],
)
def test_the_engines_own_builder_is_told(changes: dict[str, object], rest: str) -> None:
    assert typed(**changes) == rest  # type: ignore[arg-type] # a table of options


REGISTRY_CACHE = (
    f"--cache-from {CACHE} --cache-to {CACHE},mode=max,image-manifest=true,ignore-error=true"
)


@pytest.mark.parametrize(
    ("changes", "rest"),
    [
        ({}, f"{REGISTRY_CACHE} --provenance mode=min --push ."),
        ({"sbom": True}, f"{REGISTRY_CACHE} --provenance mode=min --sbom true --push ."),
        ({"cache": Cache.NONE}, "--no-cache --provenance mode=min --push ."),
        ({"pushes": False}, "--provenance false --load ."),
        (
            {"cache": Cache.LOCAL, "cache_folder": PurePosixPath("/c/api")},
            (
                "--cache-from type=local,src=/c/api --cache-to type=local,dest=/c/api.new,mode=max "
                "--provenance mode=min --push ."
            ),
        ),
    ],
)
def test_a_builder_of_its_own_is_told(changes: dict[str, object], rest: str) -> None:
    assert typed(OURS, **changes) == rest  # type: ignore[arg-type] # a table of options


def test_the_folder_and_its_dockerfile_go_together() -> None:
    argv = commands.build(wanted(context=PurePosixPath("a b")), ENGINES, ["i:1"], [], pushes=True)
    assert argv[argv.index("--file") + 1] == "a b/Dockerfile"
    assert argv[-1] == "a b"


def test_the_digest_is_asked_for_in_a_file() -> None:
    argv = commands.reporting(("docker", "buildx", "build", "."), PurePosixPath("/t/m.json"))
    assert argv == ("docker", "buildx", "build", "--metadata-file", "/t/m.json", ".")


@pytest.mark.parametrize(
    ("buildx", "option"), [((0, 13, 1), "--keep-storage"), ((0, 17, 0), "--max-used-space")]
)
def test_a_builder_is_pruned_to_a_size_by_the_option_of_its_version(
    buildx: tuple[int, int, int], option: str
) -> None:
    argv = commands.prune_builder(replace(OURS, buildx=buildx), 500)
    told = f"docker buildx prune --builder protostar-shop --force {option} 500MB"
    assert shlex.join(argv) == told


def test_images_are_pruned_beyond_the_newest_and_ours_by_name_only(tmp_path: Path) -> None:
    """The script itself, with a docker that lists three images under five names."""
    listed = "i3 r/api:v3 i3 r/api:aaa i2 r/api:v2 i1 r/api:v1 i1 kept/api:v1"
    docker = tmp_path / "docker"
    docker.write_text(
        f'#!/bin/sh\n[ "$2" = ls ] && printf "%s %s\\n" {listed}\n[ "$2" = rm ] && echo "$@" >> '
        f"{tmp_path}/removed\nexit 0\n"
    )
    docker.chmod(0o755)
    argv = commands.prune_images("org.protostar.build=shop/api", "r/api", 2)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(argv, env=path, check=True, timeout=20)
    assert (tmp_path / "removed").read_text() == "image rm r/api:v1\n"
