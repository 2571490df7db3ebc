"""What is typed on a host to bring an image there: exact lists, and what a shell makes of them."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from pyhelpers.deploy.images import commands

if TYPE_CHECKING:
    from pathlib import Path

ROOT = PurePosixPath("/srv/protostar")
HOSTILE = "$(touch hit) `touch hit`; touch hit '\" *"


def test_a_tunnels_pull_names_both_ends() -> None:
    argv = commands.pull_as("127.0.0.1:4711/shop/api@sha256:1", "protostar-release/api:v1")
    assert argv[:2] == ["sh", "-c"]
    assert argv[3:] == ["pull", "127.0.0.1:4711/shop/api@sha256:1", "protostar-release/api:v1"]


def test_a_service_has_a_room_of_its_own_for_what_comes_in() -> None:
    assert commands.incoming(ROOT, "api") == ROOT / "incoming" / "api"


def test_files_are_named_as_they_are() -> None:
    path = ROOT / "incoming" / "api"
    assert commands.checksum(path) == ["sha256sum", "--", str(path)]
    assert commands.remove(path) == ["rm", "-rf", "--", str(path)]
    assert commands.load(path)[3:] == ["load", str(path)]
    assert commands.free_bytes(path)[3:] == ["free", str(path)]
    assert commands.untag("x:1") == ["docker", "image", "rm", "x:1"]


class TestInAShell:
    """With a `docker` that writes down what it is asked, and answers as it is told."""

    def run(self, folder: Path, argv: list[str], script: str) -> subprocess.CompletedProcess[str]:
        double = folder / "bin" / "docker"
        double.parent.mkdir(exist_ok=True)
        double.write_text(f'#!/bin/sh\necho "$@" >>{folder}/typed\n{script}\n', encoding="utf-8")
        double.chmod(0o755)
        path = f"{double.parent}:/usr/bin:/bin"
        return subprocess.run(
            argv, capture_output=True, text=True, check=False, cwd=folder, env={"PATH": path}
        )

    def typed(self, folder: Path) -> list[str]:
        return (folder / "typed").read_text(encoding="utf-8").splitlines()

    def test_the_name_with_the_port_goes_again(self, tmp_path: Path) -> None:
        assert self.run(tmp_path, commands.pull_as("p/x@1", "ours:v1"), "").returncode == 0
        assert self.typed(tmp_path) == ["pull --quiet p/x@1", "tag p/x@1 ours:v1", "image rm p/x@1"]

    @pytest.mark.parametrize("word", ["pull", "tag"])
    def test_a_failure_is_told_in_its_own_words_and_leaves_no_name(
        self, tmp_path: Path, word: str
    ) -> None:
        script = f'[ "$1" != {word} ] || {{ echo "no {word}" >&2; exit 1; }}\n'
        script += '[ "$1" != image ] || { echo "no such image" >&2; exit 1; }'
        done = self.run(tmp_path, commands.pull_as("p/x@1", "ours:v1"), script)
        assert (done.returncode, done.stderr) == (1, f"no {word}\n")
        assert self.typed(tmp_path)[-1] == "image rm p/x@1"

    def test_names_are_not_read_by_the_shell(self, tmp_path: Path) -> None:
        self.run(tmp_path, commands.pull_as(HOSTILE, HOSTILE), "")
        self.run(tmp_path, commands.load(PurePosixPath(HOSTILE)), "")
        self.run(tmp_path, commands.free_bytes(PurePosixPath(HOSTILE)), "")
        assert not (tmp_path / "hit").exists()
        assert self.typed(tmp_path)[0] == f"pull --quiet {HOSTILE}"

    def test_each_image_is_asked_once_and_one_that_has_gone_is_no_failure(
        self, tmp_path: Path
    ) -> None:
        script = (
            'case "$1 $2" in "image ls") printf "b\\na\\nb\\n";; "ps --all") echo c1;; '
            '"container inspect") printf "a\\nhidden\\n";; *) echo "[]"; exit 1;; esac'
        )
        done = self.run(tmp_path, commands.layer_chains(), script)
        assert (done.returncode, done.stdout) == (0, "[]\n")
        assert self.typed(tmp_path)[-1].endswith("{{json .RootFS.Layers}} a b hidden")

    def test_free_bytes_are_a_number(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, commands.free_bytes(PurePosixPath(tmp_path)), "")
        assert int(done.stdout) > 0


def test_the_files_to_renew_are_words_of_their_own() -> None:
    room = PurePosixPath("/srv/it's/incoming")
    assert commands.renew(room, [room / "a", room / "b;c"]) == [
        *("sh", "-c", commands.RENEW, "renew"),
        *("/srv/it's/incoming", "/srv/it's/incoming/a", "/srv/it's/incoming/b;c"),
    ]
