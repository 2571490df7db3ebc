"""How two commits of a real git repository stand to each other."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pyhelpers.sync.checkout import commit_of, is_dirty, relation

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=ann", "-c", "user.email=ann@desk.example", "-c", "commit.gpgsign=false"]
    argv = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """one → two, and one → side."""
    folder = tmp_path_factory.mktemp("infra")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commits: dict[str, str] = {}
    for name, parent in (("one", ""), ("two", "main"), ("side", "one")):
        if name == "side":
            git(folder, "checkout", "--quiet", "-b", "side", commits[parent])
        (folder / "file").write_text(name)
        git(folder, "add", "file")
        git(folder, "commit", "--quiet", "--message", name)
        commits[name] = git(folder, "rev-parse", "HEAD")
    return folder, commits


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ("two", "one", "newer"),
        ("one", "two", "older"),
        ("side", "two", "apart"),
        ("two", "two", "same"),
    ],
)
def test_a_commit_is_newer_older_or_apart(
    repository: tuple[Path, dict[str, str]], here: str, there: str, told: str
) -> None:
    folder, commits = repository
    assert relation(folder, commits[here], commits[there]) == told


def test_one_that_this_checkout_has_never_seen_is_unknown(
    repository: tuple[Path, dict[str, str]],
) -> None:
    folder, commits = repository
    assert relation(folder, commits["two"], "0" * 40) == "unknown"
    assert relation(folder, "", commits["two"]) == "unknown"


def test_nothing_stands_against_a_host_that_has_none(tmp_path: Path) -> None:
    assert relation(tmp_path, "", "") == ""
    assert commit_of(tmp_path) == ""


def test_a_checkout_with_changes_is_dirty(repository: tuple[Path, dict[str, str]]) -> None:
    folder, commits = repository
    assert commit_of(folder) == commits["side"]
    assert not is_dirty(folder)
    (folder / "file").write_text("changed")
    assert is_dirty(folder)
    git(folder, "checkout", "--quiet", "file")
