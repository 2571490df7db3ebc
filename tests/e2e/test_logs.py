"""What containers write, read from the engine: by time, followed, ended, and when there is none."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from bench.engine import CHECKOUT, docker

from .colours import wait_until
from .town import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from .town import Town

pytestmark = pytest.mark.e2e


def written(container: str) -> list[str]:
    """By the engine's own account, both streams."""
    done = subprocess.run(
        ["docker", "logs", container],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=CHECKOUT,
    )
    return done.stdout.splitlines()


def test_they_are_those_of_the_live_colour_each_line_with_its_container(town: Town) -> None:
    (container,) = town.at.containers(town.name)
    done = town.do("logs")
    assert (done.code, done.err) == (0, "")
    lines = [line.split(" | ", 1) for line in done.out.splitlines()]
    assert {name.strip() for name, _ in lines} == {container}
    assert [text for _, text in lines] == written(container)[-100:]
    assert lines, "a container that wrote nothing proves nothing"


def test_of_several_replicas_they_are_merged_and_cut_each_for_itself(
    build: Callable[..., Town],
) -> None:
    town = build(replicas=2)
    town.deployed("v1")
    containers = town.at.containers(town.name)
    done = town.do("logs", "--tail", "1")
    names = sorted(line.split(" | ", 1)[0].strip() for line in done.out.splitlines())
    assert names == containers
    assert len(containers) == 2


def test_followed_they_come_as_they_are_written_and_ctrl_c_ends_it_without_an_error(
    town: Town,
) -> None:
    (container,) = town.at.containers(town.name)
    with town.start("logs", "--follow", "--tail", "0") as following:

        def heard() -> bool:
            """Written again until somebody listens: what is older is not shown."""
            docker("exec", container, "sh", "-c", "echo planted words > /proc/1/fd/1")
            docker("exec", container, "sh", "-c", "echo planted errors > /proc/1/fd/2")
            return len({line for line in following.lines if "planted" in line}) > 1

        wait_until(heard, "both streams are heard", 20)
        planted = {line for line in following.lines if "planted" in line}
        assert planted == {f"{container} | planted words", f"{container} | planted errors"}
        following.signal(signal.SIGINT)
        done = following.finish(10)
    assert (done.code, done.err.strip()) == (130, "")


def test_followed_they_end_when_a_deploy_has_stopped_the_colour(town: Town) -> None:
    with town.start("logs", "--follow") as following:
        wait_until(lambda: following.lines, "the first line", 10)
        town.deployed("v2")
        done = following.finish(20)
    assert done.code == 0
    assert f"protostar deploy status {town.name}" in done.err
    assert town.served() == ("green", "2")


def test_where_there_are_none_it_is_said(town: Town) -> None:
    done = town.do("logs", "--colour", "green")
    assert (done.code, done.out) == (4, "")
    assert said(done).error.endswith(f"there is no container of {town.name}-green")
    assert said(done).try_ == f"protostar deploy status {town.name}"
