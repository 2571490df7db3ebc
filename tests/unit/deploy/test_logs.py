"""Lines of several containers: whole, by time, each with who wrote it."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import NotFound
from urllib3.exceptions import ProtocolError

from pyhelpers.deploy.logs import followed, sources_of, split, written
from pyhelpers.deploy.model import Colour
from pyhelpers.errors import PreflightError, Unreachable
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import Engine, MemoryHost, lines_of
from tests.unit.deploy.test_site import site_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyhelpers.deploy.site import Site

ONE, TWO = "id-api-blue-app-1", "id-api-blue-app-2"


class Writing(Engine):
    """An engine whose containers have written: their lines, or how reading them ends."""

    def __init__(self, **said: Any) -> None:
        super().__init__(builders.containers("blue", ["v1", "v1"]))
        self.said: dict[str, Any] = {f"id-api-blue-app-{name[1:]}": t for name, t in said.items()}

    def logs(self, container: str, **how: Any) -> Any:
        super().logs(container, **how)
        said = self.said.get(container, [])
        if isinstance(said, Exception):
            raise said
        return self._chunks(said)

    def _chunks(self, said: list[Any]) -> Iterator[bytes]:
        yield from lines_of(*(line.encode() for line in said if isinstance(line, str)))
        for problem in said:
            if isinstance(problem, Exception):
                raise problem


def site_with(folder: Path, engine: Engine) -> Site:
    site = site_in(folder)
    assert isinstance(site.host, MemoryHost)
    site.host.engine = engine
    site.host.mark("blue")
    return site


class TestWhoseLines:
    def test_those_of_the_live_colours_replicas(self, tmp_path: Path) -> None:
        site = site_with(tmp_path, Writing())
        names = [source.name for source in sources_of(site, None)]
        assert names == ["api-blue-app-1", "api-blue-app-2"]

    def test_those_of_a_colour_that_has_stopped_too(self, tmp_path: Path) -> None:
        engine = Writing()
        engine.found += builders.containers("green", {"release": "v2", "running": False})
        names = [source.name for source in sources_of(site_with(tmp_path, engine), Colour.GREEN)]
        assert names == ["api-green-app-1"]

    def test_a_colour_without_containers_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(PreflightError) as none:
            sources_of(site_with(tmp_path, Writing()), Colour.GREEN)
        assert none.value.error == "a5: there is no container of api-green"
        assert none.value.try_ == "protostar deploy status api"

    @pytest.mark.parametrize(
        ("markers", "words"), [([], "no colour"), (["blue", "green"], "not one colour")]
    )
    def test_no_live_colour_is_said(self, markers: list[str], words: str, tmp_path: Path) -> None:
        site = site_with(tmp_path, Writing())
        assert isinstance(site.host, MemoryHost)
        site.host.mark(*markers)
        with pytest.raises(PreflightError, match=f"a5: {words} of api is live"):
            sources_of(site, None)

    def test_an_engine_that_is_down_is_said(self, tmp_path: Path) -> None:
        engine = Writing()
        engine.up = False
        with pytest.raises(Unreachable, match="a5: the engine does not answer"):
            sources_of(site_with(tmp_path, engine), None)


class TestTheLines:
    def test_of_all_containers_stand_in_the_order_of_time(self, tmp_path: Path) -> None:
        engine = Writing(
            c1=["2026-11-23T10:00:01Z first", "2026-11-23T10:00:03Z third"],
            c2=["2026-11-23T10:00:02Z the second one", "2026-11-23T10:00:04Z fourth"],
        )
        sources = sources_of(site_with(tmp_path, engine), None)
        lines = [(line.source, line.text) for line in written(sources, 7)]
        assert lines == [(0, "first"), (1, "the second one"), (0, "third"), (1, "fourth")]
        asked = {"stream": True, "follow": False, "tail": 7, "timestamps": True}
        assert engine.logs_asked == [(ONE, asked), (TWO, asked)]

    def test_followed_end_when_all_containers_have_stopped(self, tmp_path: Path) -> None:
        engine = Writing(c1=["T1 a", "T3 c"], c2=["T2 b"])
        sources = sources_of(site_with(tmp_path, engine), None)
        lines = sorted(line.text for line in followed(sources, 7))
        assert lines == ["a", "b", "c"]
        assert [how["follow"] for _, how in engine.logs_asked] == [True, True]

    def test_followed_come_as_they_are_written(self, tmp_path: Path) -> None:
        wrote: queue.Queue[bytes | None] = queue.Queue()

        class Slow(Writing):
            def logs(self, container: str, **how: Any) -> Any:
                return iter(wrote.get, None) if container == ONE else iter([b"T0 two\n"])

        lines = followed(sources_of(site_with(tmp_path, Slow()), None), 7)
        assert next(lines).text == "two"
        wrote.put(b"T1 one")
        wrote.put(b" more\nT2")
        assert next(lines).text == "one more"
        wrote.put(None)
        assert [(line.at, line.text) for line in lines] == [("T2", "")]

    def test_of_a_container_that_a_deploy_has_removed_are_none(self, tmp_path: Path) -> None:
        engine = Writing(c1=["T1 a"], c2=NotFound("gone"))
        sources = sources_of(site_with(tmp_path, engine), None)
        assert [line.text for line in written(sources, 7)] == ["a"]

    @pytest.mark.parametrize("read", [written, followed])
    def test_that_break_off_are_an_error_with_the_containers_name(
        self, read: Any, tmp_path: Path
    ) -> None:
        engine = Writing(c1=["T1 a", ProtocolError("reset")])
        sources = sources_of(site_with(tmp_path, engine), None)
        with pytest.raises(Unreachable, match=r"a5: the logs of api-blue-app-1 broke off"):
            list(read(sources, 7))


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        pytest.param([b"a\nb\n"], ["a", "b"], id="two lines in a chunk"),
        pytest.param([b"a", b"b\nc", b"\n"], ["ab", "c"], id="lines across chunks"),
        pytest.param([b"a\r\n"], ["a"], id="as a terminal writes them"),
        pytest.param([b"a"], ["a"], id="the last without its end"),
        pytest.param(["안".encode()[:1], "안\n".encode()[1:]], ["안"], id="a letter cut in two"),
        pytest.param([b"\xff\n"], ["\ufffd"], id="what is no UTF-8"),
        pytest.param([b"\n\n"], ["", ""], id="empty lines"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_lines_are_whole_whatever_the_chunks(chunks: list[bytes], lines: list[str]) -> None:
    assert list(split(chunks)) == lines
