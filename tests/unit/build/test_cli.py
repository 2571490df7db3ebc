"""The command: what completes, what is refused, and what each exit code is for."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pyhelpers import cli

if TYPE_CHECKING:
    from pathlib import Path

INSTALLATION = """\
project: shop
hosts: { here: { local: true } }
services:
  api: { host: here, image: shop/api, compose: api.yml, port: 3000 }
"""
# A docker that has buildx and an engine, and builds nothing.
DOCKER = """\
#!/bin/sh
case "$*" in
  "buildx version") echo github.com/docker/buildx v0.29.1 ;;
  "buildx inspect") printf 'Name:   default\\nDriver: docker\\n' ;;
  "info "*) echo '[["a","b"]]' ;;
  *) exit 1 ;;
esac
"""


class Typed:
    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["protostar", "build", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Typed:
    """In a checkout with one commit."""
    for name, text in {
        "protostar.yml": INSTALLATION,
        "Dockerfile": "FROM scratch\n",
        ".dockerignore": "bin\n",
        "bin/docker": DOCKER,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "bin/docker").chmod(0o755)
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for argv in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *argv], check=True, timeout=20)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=":")
    for name in ("PROTOSTAR_FILE", "BUILDX_BUILDER", "PROTOSTAR_BUILD_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    return Typed(tmp_path, monkeypatch, capsys)


def test_a_dry_run_prints_what_could_be_typed(typed: Typed) -> None:
    code, out, err = typed("api", "v2", "--dry-run")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith("docker buildx build --builder default ")
    assert out.splitlines()[1].endswith(" --load .")


def test_arguments_arrive_as_they_are(typed: Typed) -> None:
    value = """A=it's "5 $" 프로토스타"""
    _, out, _ = typed("api", "v2", "--dry-run", "--build-arg", value)
    asked = subprocess.run(
        ["bash", "-c", f"docker() {{ printf '%s\\n' \"$@\"; }}; {out.splitlines()[1]}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert value in asked.stdout.splitlines()


def test_a_dirty_checkout_is_refused_before_anything_is_built(typed: Typed) -> None:
    (typed.folder / "new.py").write_text("")
    code, _, err = typed("api", "v2")
    assert (code, err.splitlines()) == (
        4,
        [
            "Error: not in a commit: new.py",
            "State: nothing was changed",
            "Try: git stash -u, or the same with --allow-dirty",
        ],
    )


def test_a_build_that_fails_leaves_no_digest_of_an_earlier_one(typed: Typed) -> None:
    (typed.folder / "image").write_text("v1@sha256:…\n")
    code, _, err = typed("api", "v2", "--digest-file", "image")
    assert code == 6
    assert err.startswith("Error: buildx ended without a word")
    assert not (typed.folder / "image").exists()


def test_a_digest_file_that_cannot_be_written_is_an_error_before_the_build(typed: Typed) -> None:
    code, out, err = typed("api", "v2", "--digest-file", "bin/docker/image")
    assert (code, out) == (3, "")
    assert "bin/docker/image cannot be written" in err


@pytest.mark.parametrize(
    ("arguments", "code"), [(("nix",), 2), (("api", "v 2"), 2), (("api", "--cache", "x"), 2)]
)
def test_wrong_usage_is_exit_code_2(typed: Typed, arguments: tuple[str, ...], code: int) -> None:
    assert typed(*arguments)[0] == code
