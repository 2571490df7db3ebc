"""What is typed on a host: exact token lists, and the fence in a real shell."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyhelpers.deploy import commands
from pyhelpers.deploy.model import Colour
from tests.unit.deploy import builders

ROOT = PurePosixPath("/srv/protostar")
V2 = builders.release("5f2d90aa13bc")
COMPOSE_FOR_GREEN = [
    *("env", "PROTOSTAR_COLOUR=green", "PROTOSTAR_RELEASE=5f2d90aa13bc"),
    *("docker", "compose", "--progress", "plain"),
    *("--project-directory", "/srv/protostar/releases/api/5f2d90aa13bc"),
    *("-p", "api-green"),
    *("-f", "/srv/protostar/releases/api/5f2d90aa13bc/compose.yml"),
    *("-f", "/srv/protostar/releases/api/5f2d90aa13bc/override.yml"),
]


def test_the_guard_is_told_where_it_works_for_whom_and_how_long_it_may_hear_nothing() -> None:
    script = ROOT / "guard" / "guard-1.sh"
    assert commands.guard(ROOT, script, "api", "t0k", "ann@desk", 5) == [
        *("bash", "/srv/protostar/guard/guard-1.sh"),
        *("/srv/protostar", "api", "t0k", "ann@desk", "5"),
    ]


def test_a_fenced_command_holds_the_work_lock_shared_and_ends_for_certain() -> None:
    assert commands.fenced(ROOT, "api", "t0k", ["docker", "pull", "x"], 1800.0) == [
        *("flock", "--shared", "/srv/protostar/guard/api/work"),
        *("sh", "-c", commands.FENCE, "fence", "t0k", "/srv/protostar/guard/api/owner"),
        *("timeout", "--kill-after=5", "1800"),
        *("docker", "pull", "x"),
    ]


@pytest.mark.parametrize(("deadline_s", "word"), [(0.5, "0.5"), (30.0, "30"), (86400.0, "86400")])
def test_a_deadline_is_written_as_timeout_reads_it(deadline_s: float, word: str) -> None:
    argv = commands.fenced(ROOT, "api", "t0k", ["true"], deadline_s)
    assert argv[argv.index("timeout") + 2] == word


def test_compose_works_in_the_releases_own_folder_on_one_colours_project() -> None:
    assert commands.compose(ROOT, "api", V2, Colour.GREEN, "ps", "-q") == [
        *COMPOSE_FOR_GREEN,
        *("ps", "-q"),
    ]


def test_up_touches_no_dependency_and_scales_the_one_service() -> None:
    assert commands.up(ROOT, "api", V2, Colour.GREEN, 2, "app") == [
        *COMPOSE_FOR_GREEN,
        *("up", "--detach", "--no-deps", "--no-build", "--force-recreate"),
        *("--scale", "app=2", "app"),
    ]


HOOK = "api-before-switch-5f2d90aa13bc-1"


def test_a_hook_runs_in_a_container_that_is_named_after_the_release() -> None:
    argv = commands.hook(ROOT, "api", V2, Colour.GREEN, "app", 1, ["node", "migrate.js"])
    assert argv == [
        *("sh", "-c", '"$@" >/dev/null && exec docker wait "$0"', HOOK),
        *COMPOSE_FOR_GREEN,
        *("run", "--detach", "--no-deps", "--no-TTY", "--name", HOOK),
        *("app", "node", "migrate.js"),
    ]


def test_a_hook_is_waited_for_by_its_name_and_only_its_status_is_told(tmp_path: Path) -> None:
    """With a `docker` that only says what it was asked."""
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    docker.chmod(0o755)
    argv = commands.hook(ROOT, "api", V2, Colour.GREEN, "app", 1, ["x y", "$HOME"])
    path = f"{tmp_path}:{os.environ['PATH']}"
    ended = subprocess.run(
        argv, env={"PATH": path}, capture_output=True, text=True, check=True, timeout=10
    )
    assert ended.stdout == f"wait {HOOK}\n"


def test_small_ones() -> None:
    assert commands.project("ai-worker", Colour.BLUE) == "ai-worker-blue"
    assert commands.image_tag("api", "5f2d") == "protostar-release/api:5f2d"
    assert commands.release_folder(ROOT, "api", "5f2d") == ROOT / "releases/api/5f2d"
    assert commands.pull("r/api@sha256:1") == ["docker", "pull", "r/api@sha256:1"]
    assert commands.tag("r/api@sha256:1", "api", "5f2d") == [
        *("docker", "tag", "r/api@sha256:1", "protostar-release/api:5f2d")
    ]
    assert commands.remove_containers(["a", "b"]) == ["docker", "rm", "--volumes", "a", "b"]
    assert commands.wait_for("a") == ["docker", "wait", "a"]


def test_the_machines_facts_are_a_key_and_a_value_each() -> None:
    argv = commands.machine_facts("/", ROOT)
    out = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20).stdout
    told = dict(line.split(" ", 1) for line in out.splitlines())
    assert set(told) == {"disk", "root", "memory_kib"}
    assert int(told["disk"]) > 0
    assert int(told["root"]) > 0
    assert int(told["memory_kib"]) > 0


REFUSED = 75


OURS = "t0k"


class Room:
    """A guard's room on this machine, with `t0k` in office."""

    def __init__(self, root: Path, token: str = OURS) -> None:
        self.root = PurePosixPath(root)
        self.owner = root / "guard" / "api" / "owner"
        self.owner.parent.mkdir(parents=True)
        self.owner.write_text(f"token={token}\nwho=ann@desk\npid=1\n", encoding="utf-8")

    def run(self, *argv: str, token: str = OURS, deadline_s: float = 10.0) -> tuple[int, str]:
        fenced = commands.fenced(self.root, "api", token, argv, deadline_s)
        ended = subprocess.run(fenced, capture_output=True, check=False, timeout=30)
        if ended.returncode == REFUSED:
            assert commands.FENCED_OUT in ended.stderr.decode()
        return ended.returncode, ended.stdout.decode()


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


# What a shell, `head`, `grep` or `timeout` might take for its own.
ARGUMENTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    min_size=1,
    max_size=4,
)


class TestTheFence:
    @given(ARGUMENTS)
    @settings(max_examples=40, deadline=None)
    @example(["a b", "'", '"', "$HOME", "$(id)", "`id`", "\\", "*", "\n", "한국어", "", "--", "-n"])
    def test_it_passes_any_argument_unchanged(self, arguments: list[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            status, out = Room(Path(folder)).run("printf", "%s\\0", *arguments)
        assert status == 0
        assert out.split("\0")[:-1] == arguments

    def test_the_status_of_the_command_is_its_own(self, room: Room) -> None:
        assert room.run("sh", "-c", "exit 3")[0] == 3

    @pytest.mark.parametrize("token", ["other", "", "t0", "t0k0", "T0K", "t.k", "token=t0k"])
    def test_a_guard_that_is_not_in_office_runs_nothing(self, room: Room, token: str) -> None:
        assert room.run("echo", "ran", token=token) == (REFUSED, "")

    def test_without_an_owner_nothing_runs(self, room: Room) -> None:
        room.owner.unlink()
        assert room.run("echo", "ran") == (REFUSED, "")

    def test_a_token_that_stands_in_another_field_is_no_token(self, room: Room) -> None:
        room.owner.write_text("token=other\nwho=x\ntoken=t0k\n", encoding="utf-8")
        assert room.run("echo", "ran") == (REFUSED, "")

    def test_the_deadline_ends_the_command(self, room: Room) -> None:
        assert room.run("sleep", "30", deadline_s=0.1)[0] == 124

    def test_the_next_guard_waits_for_a_command_that_still_works(self, room: Room) -> None:
        fenced = commands.fenced(room.root, "api", "t0k", ["sh", "-c", "echo on; read x"], 10)
        work = str(room.root / "guard" / "api" / "work")
        with subprocess.Popen(fenced, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"on\n"
            assert not free(work)
            process.communicate(b"go\n")
        assert free(work)


def free(lock: str) -> bool:
    """Whether the next guard could take the work lock now."""
    argv = ["flock", "--exclusive", "--nonblock", lock, "true"]
    return subprocess.run(argv, check=False, timeout=10).returncode == 0
