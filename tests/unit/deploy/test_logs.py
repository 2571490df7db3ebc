"""Lines of several containers: whole, by time, each with who wrote it."""

from __future__ import annotations

import os
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import pytest

from pyhelpers.deploy import logs
from pyhelpers.deploy.log_stream import Reader, read_logs
from pyhelpers.deploy.logs import Source, followed, sources_of, written
from pyhelpers.deploy.model import Colour
from pyhelpers.errors import PreflightError, Unreachable
from pyhelpers.hosts.local import LocalHost
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import Engine, MemoryHost
from tests.unit.deploy.test_site import site_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhelpers.deploy.site import Site
    from pyhelpers.hosts.protocol import Host

ONE, TWO = "id-api-blue-app-1", "id-api-blue-app-2"


def both() -> Engine:
    return Engine(builders.containers("blue", ["v1", "v1"]))


def site_with(folder: Path, engine: Engine) -> Site:
    site = site_in(folder)
    assert isinstance(site.host, MemoryHost)
    site.host.engine = engine
    site.host.mark("blue")
    return site


class TestWhoseLines:
    def test_those_of_the_live_colours_replicas(self, tmp_path: Path) -> None:
        site = site_with(tmp_path, both())
        names = [source.name for source in sources_of(site, None)]
        assert names == ["api-blue-app-1", "api-blue-app-2"]

    def test_those_of_a_colour_that_has_stopped_too(self, tmp_path: Path) -> None:
        engine = both()
        engine.found += builders.containers("green", {"release": "v2", "running": False})
        names = [source.name for source in sources_of(site_with(tmp_path, engine), Colour.GREEN)]
        assert names == ["api-green-app-1"]

    def test_a_colour_without_containers_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(PreflightError) as none:
            sources_of(site_with(tmp_path, both()), Colour.GREEN)
        assert none.value.error == "a5: there is no container of api-green"
        assert none.value.try_ == "protostar deploy status api"

    @pytest.mark.parametrize(
        ("markers", "words"), [([], "no colour"), (["blue", "green"], "not one colour")]
    )
    def test_no_live_colour_is_said(self, markers: list[str], words: str, tmp_path: Path) -> None:
        site = site_with(tmp_path, both())
        assert isinstance(site.host, MemoryHost)
        site.host.mark(*markers)
        with pytest.raises(PreflightError, match=f"a5: {words} of api is live"):
            sources_of(site, None)

    def test_an_engine_that_is_down_is_said(self, tmp_path: Path) -> None:
        engine = both()
        engine.up = False
        with pytest.raises(Unreachable, match="a5: the engine does not answer"):
            sources_of(site_with(tmp_path, engine), None)


def two(folder: Path, *said: str) -> tuple[MemoryHost, list[Source]]:
    """Two replicas on one host, and what the script says of them."""
    site = site_with(folder, both())
    assert isinstance(site.host, MemoryHost)
    site.host.line.say(*said)
    return site.host, sources_of(site, None)


ENDS = ["0 end 0", "1 end 0"]


class TestTheLines:
    def test_of_all_containers_stand_in_the_order_of_time(self, tmp_path: Path) -> None:
        host, sources = two(
            tmp_path,
            "0 2026-11-23T10:00:01Z first",
            "0 2026-11-23T10:00:03Z third",
            "0 end 0",
            "1 2026-11-23T10:00:02Z the second one",
            "1 2026-11-23T10:00:04Z fourth",
            "1 end 0",
        )
        lines = [(line.source, line.text) for line in written(sources, 7)]
        assert lines == [(0, "first"), (1, "the second one"), (0, "third"), (1, "fourth")]
        assert host.ran == [read_logs([ONE, TWO], 7, follow=False)]
        assert not host.line.open

    def test_followed_come_as_they_are_written_until_all_have_stopped(self, tmp_path: Path) -> None:
        host, sources = two(tmp_path, "1 2026-11-23T10:00:02Z two")
        lines = followed(sources, 7)
        assert next(lines).text == "two"
        host.line.say("0 2026-11-23T10:00:01Z one", *ENDS)
        assert [(line.source, line.text) for line in lines] == [(0, "one")]
        assert host.ran == [read_logs([ONE, TWO], 7, follow=True)]

    def test_of_several_hosts_are_read_over_a_channel_each(self, tmp_path: Path) -> None:
        _, sources = two(tmp_path, "0 2026-11-23T10:00:01Z first", *ENDS)
        other = MemoryHost()
        other.name = "a6"
        other.line.say("0 2026-11-23T10:00:00Z before", "0 end 0")
        there = [*sources, Source(cast("Host", other), "id-there", "api-blue-app-1")]
        assert [(line.source, line.text) for line in written(there, 7)] == [
            (2, "before"),
            (0, "first"),
        ]

    def test_of_a_container_that_a_deploy_has_removed_are_none(self, tmp_path: Path) -> None:
        gone = ["1 Error response from daemon: No such container: x", "1 end 1"]
        _, sources = two(tmp_path, "0 2026-11-23T10:00:01Z a", *gone, "0 end 0")
        assert [line.text for line in written(sources, 7)] == ["a"]

    @pytest.mark.parametrize("read", [written, followed])
    def test_that_break_off_are_an_error_with_the_containers_name_and_the_reason(
        self, read: Any, tmp_path: Path
    ) -> None:
        _, sources = two(tmp_path, "0 2026-11-23T10:00:01Z a", "1 unexpected EOF", "1 end 1")
        with pytest.raises(Unreachable, match="a5: the logs of api-blue-app-2 broke off: unexp"):
            list(read(sources, 7))

    @pytest.mark.parametrize("read", [written, followed])
    def test_of_a_line_that_is_cut_are_an_error(self, read: Any, tmp_path: Path) -> None:
        host, sources = two(tmp_path, "0 2026-11-23T10:00:01Z a")
        host.line.hang_up()
        with pytest.raises(Unreachable, match="broke off: the connection was cut"):
            list(read(sources, 7))

    def test_of_an_engine_that_hangs_are_an_error_in_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logs, "SILENCE_S", 0.05)
        with pytest.raises(Unreachable, match="broke off"):
            written(two(tmp_path)[1], 7)


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        pytest.param(["0 2026-11-23T1Z a b"], ["a b"], id="a line"),
        pytest.param(["0 2026-11-23T1Z "], [""], id="an empty one"),
        pytest.param(["0 2026-11-23T1Z a\r"], ["a"], id="as a terminal writes it"),
        pytest.param(["0+2026-11-23T1Z a", "0+b", "0 c"], ["abc"], id="a long one in pieces"),
        pytest.param(
            ["0+2026-11-23T1Z a", "1 2026-11-23T1Z x", "0 b"],
            ["x", "ab"],
            id="another's between the pieces",
        ),
        pytest.param(["0 ", "0 some words", "words", ""], [], id="no line of a container"),
    ],
)
def test_lines_are_put_together_from_their_pieces(pieces: list[str], lines: list[str]) -> None:
    reader = Reader(2)
    found = [reader.read(piece) for piece in pieces]
    assert [line.text for line in found if line is not None] == lines


# --- the script itself ------------------------------------------------------------------------

# Writes ten long lines, and one without its end; `quiet` is a container that says nothing.
DOCKER = """#!/bin/sh
for last; do :; done
echo "$$" >>"$0.pids"
case $last in
  quiet) exec sleep 60 ;;
  gone) echo "Error response from daemon: No such container: gone" >&2; exit 1 ;;
esac
long=$(printf "x%06000d" 0 | sed s/0/안/g)
for n in 10 11 12 13 14 15 16 17 18 19; do echo "2026-11-23T10:00:$n.000000000Z $last $long"; done
printf "2026-11-23T10:00:20.000000000Z %s without an end" "$last"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalHost:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return LocalHost("here", PurePosixPath(tmp_path))


def test_lines_of_sixteen_that_write_at_once_never_mix(here: LocalHost) -> None:
    sources = [Source(here, f"c{number}", f"c{number}") for number in range(16)]
    lines = list(followed(sources, 7))
    assert len(lines) == 16 * 11
    for line in lines:
        name = f"c{line.source}"
        assert line.text in (f"{name} x{'안' * 6_000}", f"{name} without an end")


def test_one_that_is_gone_says_nothing(here: LocalHost) -> None:
    lines = written([Source(here, "gone", "gone"), Source(here, "c1", "c1")], 7)
    assert {line.source for line in lines} == {1}
    assert len(lines) == 11


def test_nothing_goes_on_for_a_follower_that_has_gone(here: LocalHost, tmp_path: Path) -> None:
    channel = here.start(read_logs(["quiet", "quiet"], 7, follow=True))
    pids = tmp_path / "docker.pids"
    wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    channel.close()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split()))


def wait_until(done: Callable[[], bool], within_s: float = 10) -> None:
    until = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)
