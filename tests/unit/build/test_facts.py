"""What is read: from git itself, and from a docker that answers by a table."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pyhelpers.build.facts import read_builder, read_source
from pyhelpers.build.model import Builder, Source
from pyhelpers.build.process import run
from pyhelpers.errors import PreflightError, Unreachable

from .builders import Runner, config, wanted

if TYPE_CHECKING:
    from pathlib import Path


class TestTheSource:
    @pytest.fixture
    def checkout(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """One commit in it: app/Dockerfile, app/.dockerignore, and README beside app."""
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        app = tmp_path / "app"
        app.mkdir()
        (app / "Dockerfile").write_text("FROM scratch\n")
        (app / ".dockerignore").write_text("# not sent\n*.md\nnode_modules\n")
        (tmp_path / "README").write_text("one\n")
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        for argv in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "one"]):
            subprocess.run(["git", "-C", str(tmp_path), *argv], check=True, timeout=20)
        return app

    def source(self, folder: Path, digest_file: Path | None = None) -> Source:
        return read_source(run, wanted(context=folder), digest_file)

    def test_is_the_commit_and_its_time(self, checkout: Path) -> None:
        found = self.source(checkout)
        head = ["git", "-C", str(checkout), "log", "-1", "--format=%H %cI"]
        told = subprocess.run(head, check=True, capture_output=True, text=True, timeout=20)
        assert f"{found.revision} {found.committed_at}" == told.stdout.strip()
        assert (found.changed, found.has_recipe, found.has_ignores) == ((), True, True)

    @pytest.mark.parametrize("name", ["new.py", "Dockerfile", "a b/ü.py"])
    def test_names_what_is_in_no_commit(self, checkout: Path, name: str) -> None:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("changed\n")
        assert self.source(checkout).changed == (name,)

    def test_names_what_was_deleted(self, checkout: Path) -> None:
        (checkout / "Dockerfile").unlink()
        found = self.source(checkout)
        assert (found.changed, found.has_recipe) == (("Dockerfile",), False)

    @pytest.mark.parametrize("name", ["app/notes.md", "app/node_modules/x.js", "README"])
    def test_does_not_mind_what_the_builder_never_gets(self, checkout: Path, name: str) -> None:
        file = checkout.parent / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("changed\n")
        assert self.source(checkout).changed == ()

    def test_does_not_mind_the_digest_that_an_earlier_build_left(self, checkout: Path) -> None:
        (checkout / "image").write_text("v1@sha256:…\n")
        assert self.source(checkout, checkout / "image").changed == ()
        assert self.source(checkout).changed == ("image",)

    def test_of_a_remote_shows_no_password(self, checkout: Path) -> None:
        url = "https://ann:geheim@git.lan/shop/api.git"
        argv = ["git", "-C", str(checkout), "remote", "add", "origin", url]
        subprocess.run(argv, check=True, timeout=20)
        assert self.source(checkout).origin == "https://git.lan/shop/api.git"

    def test_outside_of_git_says_so(self, tmp_path: Path) -> None:
        found = self.source(tmp_path)
        assert (found.revision, found.has_recipe, found.has_ignores) == ("", False, False)
        assert "not a git repository" in found.problem


DEFAULT = "Name:          default\nDriver:        docker\n\nNodes:\nName:          default\n"
OWN = "Name:          protostar-shop\nDriver:        docker-container\nNodes:\nName: other0\n"
STORE = '[["driver-type","io.containerd.snapshotter.v1"]]\n'
ANSWERS = {
    "docker buildx version": (0, "github.com/docker/buildx 0.29.1+ds1 0.29.1+ds1-4\n"),
    "docker buildx inspect protostar-shop": (1, 'ERROR: no builder "protostar-shop" found\n'),
    "docker buildx inspect": (0, DEFAULT),
    "docker info": (0, '[["Backing Filesystem","extfs"]]\n'),
}


class TestTheBuilder:
    def read(self, builder: str = "", **answers: tuple[int, str]) -> Builder:
        named = {f"docker {key.replace('_', ' ')}": value for key, value in answers.items()}
        return read_builder(Runner({**ANSWERS, **named}), wanted(builder=builder), config())

    def test_is_the_engines_own(self) -> None:
        assert self.read() == Builder("default", "docker", full=False, buildx=(0, 29, 1))

    def test_can_everything_with_containerds_store(self) -> None:
        assert self.read(info=(0, STORE)).full

    def test_is_ours_where_there_is_one(self) -> None:
        found = read_builder(
            Runner({**ANSWERS, "docker buildx inspect protostar-shop": (0, OWN)}),
            wanted(),
            config(),
        )
        assert found == Builder("protostar-shop", "docker-container", full=True, buildx=(0, 29, 1))

    def test_that_was_asked_for_and_is_not_there_is_an_error(self) -> None:
        with pytest.raises(PreflightError, match='there is no builder b: ERROR: no builder "b"'):
            self.read("b", buildx_inspect=(1, 'ERROR: no builder "b" found\n'))

    def test_without_an_engine_is_unreachable(self) -> None:
        nobody = "Cannot connect to the Docker daemon\n"
        with pytest.raises(Unreachable, match="no Docker engine answers here: Cannot"):
            self.read(buildx_inspect=(0, "Name:   default\n"), info=(1, nobody))

    def test_without_buildx_says_what_to_install(self) -> None:
        with pytest.raises(PreflightError, match="no buildx plug-in"):
            self.read(buildx_version=(1, "docker: unknown command"))
