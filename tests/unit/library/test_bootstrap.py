"""Which pyhelpers a step gets: the one with the library's digest, or none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyhelpers.library import bootstrap

SOURCE = Path(bootstrap.__file__)
# It says which version it is, and what it was called with.
PROGRAM = "import sys; open(sys.argv[2] + '.ran', 'w').write(' '.join(['{}', *sys.argv[1:]]))\n"


class Agent:
    """An agent whose own package is `installed`, and an infra repository."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.infra, self.installed = folder / "tmp", folder / "infra", folder / "image"
        for path in (self.folder, self.infra, self.installed):
            path.mkdir()
        self.request = self.folder / "request.json"

    def commit(self, version: str) -> str:
        """The digest of the package in it."""
        write(self.infra, version)
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", version)
        return digest(self.infra)

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", self.infra, *who, *words], check=True, timeout=20)

    def run(self, wanted: str) -> subprocess.CompletedProcess[str]:
        library = {"version": "1.0.0", "pyhelpers": wanted}
        told = {"folder": str(self.folder), "infra": str(self.infra), "library": library}
        self.request.write_text(json.dumps(told))
        return subprocess.run(
            [sys.executable, "-S", SOURCE, self.request],
            env={"PYTHONPATH": str(self.installed), "PATH": "/usr/bin:/bin"},
            cwd=self.infra,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    @property
    def ran(self) -> str:
        return Path(f"{self.request}.ran").read_text()


def write(folder: Path, version: str) -> str:
    package = folder / "pyhelpers"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "library.py").write_text(PROGRAM.format(version))
    return digest(folder)


def digest(folder: Path) -> str:
    return bootstrap.digest_of(bootstrap.in_folder(folder / "pyhelpers"))


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def test_the_agents_own_is_taken_where_it_is_the_librarys(agent: Agent) -> None:
    wanted = write(agent.installed, "image")
    agent.commit("other")
    assert agent.run(wanted).returncode == 0
    assert agent.ran == f"image run {agent.request}"


def test_else_that_of_the_infra_checkout(agent: Agent) -> None:
    write(agent.installed, "image")
    assert agent.run(agent.commit("latest")).returncode == 0
    assert agent.ran.startswith("latest ")


def test_two_commits_under_one_branch_name_each_get_their_own(agent: Agent) -> None:
    first, second = agent.commit("first"), agent.commit("second")
    assert agent.run(first).returncode == 0
    assert agent.ran.startswith("first ")
    assert agent.run(second).returncode == 0
    assert agent.ran.startswith("second ")


def test_what_was_unpacked_is_used_again_and_checked_again(agent: Agent) -> None:
    first = agent.commit("first")
    agent.commit("second")
    agent.run(first)
    kept = agent.folder / f"pyhelpers-{first[:12]}" / "pyhelpers/library.py"
    kept.write_text(PROGRAM.format("edited"))
    assert agent.run(first).returncode == 0
    assert agent.ran.startswith("first ")


def test_where_there_is_none_it_says_so_and_runs_nothing(agent: Agent) -> None:
    write(agent.installed, "image")
    agent.commit("latest")
    assert agent.run("0" * 64).returncode == 4
    told = (agent.folder / "error.txt").read_text().splitlines()
    assert told[0].startswith("no pyhelpers of the library's 1.0.0 here")
    assert [line.split(" ")[0] for line in told[1:]] == ["State:", "Try:"]
    assert not Path(f"{agent.request}.ran").exists()


def test_no_word_of_an_earlier_command_is_taken_for_this_one(agent: Agent) -> None:
    for name in (bootstrap.ERROR, bootstrap.DESCRIPTION):
        (agent.folder / name).write_text("earlier")
    agent.run(agent.commit("latest"))
    assert not (agent.folder / bootstrap.ERROR).exists()
    assert not (agent.folder / bootstrap.DESCRIPTION).exists()


def test_bytecode_is_not_part_of_a_package(tmp_path: Path) -> None:
    before = write(tmp_path, "one")
    cache = tmp_path / "pyhelpers/__pycache__"
    cache.mkdir()
    (cache / "library.cpython-311.pyc").write_bytes(b"x")
    assert digest(tmp_path) == before


def test_a_name_counts_as_much_as_a_content() -> None:
    assert bootstrap.digest_of({"a": b"1", "b": b"2"}) != bootstrap.digest_of(
        {"a": b"2", "b": b"1"}
    )
