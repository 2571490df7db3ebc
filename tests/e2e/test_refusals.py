"""What a deploy refuses before it starts: its own error, its exit code, and nothing changed."""

from __future__ import annotations

import os
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bench.engine import docker

from .listening import listening
from .town import Said, Served, Town, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.installation import Finished

    from .conftest import Stock

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def town(stock: Stock) -> Iterator[Town]:
    """v1 is live on blue. One for all tests here: what is refused leaves it as it was."""
    town = stock.take()
    yield town
    stock.give_back(town)


def refused(town: Town, code: int, try_it: Callable[[], Finished]) -> Said:
    """The three lines of a command that ends with `code` and leaves everything as it was."""
    before = town.snapshot()
    finished = try_it()
    assert finished.code == code, (finished.code, finished.out, finished.err)
    assert town.snapshot() == before
    return said(finished)


@contextmanager
def settings(town: Town, **changed: Any) -> Iterator[None]:
    before = dict(town.at.services[town.name])
    town.at.set(town.name, **changed)
    try:
        yield
    finally:
        town.at.services[town.name] = before
        town.at.write()


def test_an_unknown_service(town: Town) -> None:
    three = refused(town, 2, lambda: town.at.deploy("run", "apj", "v2"))
    assert three == Said(
        "there is no service `apj` in protostar.yml", "nothing was changed", f"one of: {town.name}"
    )


def test_an_image_that_does_not_exist(town: Town) -> None:
    three = refused(town, 4, lambda: town.run("v99"))
    assert three.error == "the image protostar-example/app:v99 does not exist"
    assert three.state == "nothing was changed"


def test_an_image_for_another_architecture(town: Town) -> None:
    tag = f"protostar-example/app:foreign-{town.at.tag}"
    here = docker("version", "--format", "{{.Server.Arch}}").strip()
    foreign = "arm64" if here == "amd64" else "amd64"
    folder = town.folder / "foreign"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker("build", "-q", "--platform", f"linux/{foreign}", "-t", tag, str(folder))
    try:
        three = refused(town, 4, lambda: town.run(tag.split(":")[1]))
    finally:
        docker("image", "rm", tag)
    assert three.error.endswith(f"is for {foreign}; the host is {here}")


def test_a_compose_file_without_the_service(town: Town) -> None:
    with settings(town, compose_service="backend"):
        three = refused(town, 3, lambda: town.run("v2"))
    assert three.error == f"{town.name}.yml has no service `backend` (it has: app)"


def test_a_compose_file_that_is_not_there(town: Town) -> None:
    with settings(town, compose="elsewhere.yml"):
        three = refused(town, 3, lambda: town.run("v2"))
    assert "elsewhere.yml" in three.error


def test_a_marker_that_is_missing_though_there_is_a_history(town: Town) -> None:
    town.marker("blue").unlink()
    try:
        three = refused(town, 4, lambda: town.run("v2"))
    finally:
        town.marker("blue").touch()
    assert "no marker" in three.error
    assert three.error.endswith("; the history says blue")
    assert three.try_ == f"protostar deploy adopt {town.name} --colour blue"


def test_two_markers(town: Town) -> None:
    town.marker("green").touch()
    try:
        three = refused(town, 4, lambda: town.run("v2"))
    finally:
        town.marker("green").unlink()
    assert "both markers are there, blue and green" in three.error
    assert three.try_ == f"protostar deploy adopt {town.name} --colour blue"


def test_state_of_a_newer_format(town: Town) -> None:
    path = town.at.root / "format"
    now = path.read_text()
    path.write_text("2\n")
    # Whatever a newer program writes there must not be misread on the way to the refusal.
    history = town.at.root / "history" / f"{town.name}.jsonl"
    lines = history.read_text()
    history.write_text(lines + '{"id": "x", "outcome": "done", "release": {"sha": "?"}}\n')
    try:
        three = refused(town, 4, lambda: town.run("v2"))
    finally:
        path.write_text(now)
        history.write_text(lines)
    assert three.error == "the host's state has format 2, this program knows 1"


def test_a_gateway_that_is_down(town: Town) -> None:
    docker("kill", town.at.gateway)
    try:
        three = refused(town, 4, lambda: town.run("v2"))
    finally:
        docker("start", town.at.gateway)
        town.at.wait_for_gateway()
    port = town.at.private_port
    assert three.error == f"the gateway does not answer on its private port {port}"
    assert three.try_.startswith(f"docker start {town.at.gateway}")
    town.wait_served("blue", "1")


def test_a_gateway_whose_loaded_configuration_does_not_know_the_service(town: Town) -> None:
    name = town.at.add("shop")  # in protostar.yml, but never rendered into the gateway
    try:
        three = refused(town, 4, lambda: town.at.deploy("run", name, "v1"))
    finally:
        del town.at.services[name]
        town.at.write()
    assert f"does not know {name} (it knows: {town.name})" in three.error


def test_a_gateway_that_is_too_old(town: Town) -> None:
    """No nginx older than the Debian package can be had here: a stand-in says that it is 1.29.0."""
    port = town.at.private_port
    with listening({"nginx": "1.29.0", "services": {town.name: "blue"}}) as old:
        town.at.private_port = old.server_port
        town.at.write()
        try:
            three = refused(town, 4, lambda: town.run("v2"))
        finally:
            town.at.private_port = port
            town.at.write()
    assert "nginx 1.29.0" in three.error
    assert "1.30.6" in three.error


def test_a_disk_that_is_nearly_full(town: Town) -> None:
    """The deployer, and only it, sees the engine's folder on a real file system of 64 MiB."""
    docker_root = docker("info", "--format", "{{.DockerRootDir}}").strip()
    alone = (
        ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    )
    mount = 'mount -t tmpfs -o size=64m tmpfs "$1"; shift; exec "$@"'
    prefix = [*alone, "sh", "-c", mount, "small", docker_root]
    three = refused(town, 4, lambda: town.at.command([*prefix, *town.argv("run", "v2")]))
    assert three.error == "the engine's disk has 64 MiB free, 1024 MiB are needed"


def test_more_memory_than_there_is(town: Town) -> None:
    with settings(town, memory_mb=1_000_000):
        three = refused(town, 4, lambda: town.run("v2"))
    assert three.error.startswith("a second colour needs 1000128 MiB of memory")


def test_an_engine_that_is_not_there(town: Town) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{town.folder}/no.sock"}
    three = refused(town, 4, lambda: town.do("run", "v2", env=nowhere))
    assert three.error.startswith("here: the engine does not answer")
    assert three.state == "nothing was changed"


def test_two_deploys_at_once(town: Town) -> None:
    with settings(town, ready={"timeout_s": 30}), town.start("run", "v3") as first:
        first.reached("wait ready")
        second = town.run("v2")
        assert second.code == 5
        three = said(second)
        assert f"{town.name} is being deployed by " in three.error
        assert three.error.endswith("at: wait ready")
        assert three.state == "nothing was changed by this command"
        assert town.do("plan", "v2").code == 5
        holder = town.do("status", "--json").told[0]["holder"]
        assert holder["step"] == "wait ready"
    town.wait_free()
    assert (town.live(), town.served()) == ("blue", Served("blue", "1"))


WRONG_FILES = {
    "a duplicate key": ("project: one\nproject: two\n", "project"),
    "an unknown key": ("servces: {}\n", "services"),
    "a wrong type": ("project: 7\nhosts: []\n", "hosts"),
    "nothing at all": ("", "empty"),
    "10 MB": ("project: x\n#" + 10_000_000 * "-" + "\n", "is 9.5 MiB"),
    "no YAML": ("project: [\n", ":2:1: "),
}


@pytest.mark.parametrize("what", WRONG_FILES)
def test_a_protostar_yml_with(town: Town, what: str) -> None:
    text, named = WRONG_FILES[what]
    right = town.at.file.read_text()
    town.at.file.write_text(text)
    try:
        three = refused(town, 3, lambda: town.run("v2"))
    finally:
        town.at.file.write_text(right)
    assert named in three.error


def test_every_line_of_a_refusal_is_in_the_json_object_too(town: Town) -> None:
    told = town.run("v99", "--json")
    three = said(town.run("v99"))
    assert told.told == {
        "error": three.error,
        "state": three.state,
        "try": three.try_,
        "exit_code": 4,
    }
    assert told.err == ""


def test_what_a_library_prints_is_no_part_of_an_error(town: Town) -> None:
    """Nothing is left of a traceback, and `python -W error` finds nothing to complain about."""
    strict = [sys.executable, "-W", "error", *town.argv("run", "v99")[1:]]
    finished = town.at.command(strict)
    assert finished.code == 4
    assert finished.err == textwrap.dedent(finished.err)
    assert finished.err.count("\n") == 3
