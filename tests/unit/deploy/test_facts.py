"""What is read from a host before anything is decided."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.deploy.facts import (
    read_containers,
    read_history,
    read_holder,
    running_hooks,
    state_format,
    unfinished_switch,
)
from pyhelpers.deploy.model import Holder
from pyhelpers.errors import PreflightError, Unreachable
from pyhelpers.hosts.local import LocalHost
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import NETWORK, ROOT, Engine, MemoryHost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOM = ROOT / "guard" / "api"


class TestContainers:
    def test_both_colours_are_read_as_the_engine_reports_them(self) -> None:
        found = (
            builders.container("blue"),
            builders.container("green", "v2", running=False, restarts=2, exit_code=137),
        )
        assert read_containers(MemoryHost(Engine(found)), "api", NETWORK) == found

    def test_one_of_another_installation_says_so(self) -> None:
        found = builders.container("blue", root="/srv/other")
        (read,) = read_containers(MemoryHost(Engine([found])), "api", NETWORK)
        assert read.root == "/srv/other"

    def test_running_hooks_are_named(self) -> None:
        host = MemoryHost()
        host.engine.running_hooks = ["api-before-switch-v2-1", "api-before-switch-v1-1"]
        assert running_hooks(host, "api") == ["api-before-switch-v1-1", "api-before-switch-v2-1"]

    def test_one_that_is_not_on_the_gateways_network_has_no_address(self) -> None:
        host = MemoryHost(Engine([builders.container("blue")]))
        (read,) = read_containers(host, "api", "another")
        assert read.address == ""

    def test_a_hooks_container_is_no_colour(self) -> None:
        class WithHook(Engine):
            def containers(self, **how: Any) -> list[dict[str, Any]]:
                labels = {"com.docker.compose.oneoff": "True", "org.protostar.colour": "green"}
                return [*super().containers(**how), {"Id": "hook", "Labels": labels}]

        host = MemoryHost(WithHook([builders.container("blue")]))
        hook = builders.container("green", name="hook")
        host.engine.others["hook"] = Engine([hook]).inspect_container(hook.id)
        assert [each.name for each in read_containers(host, "api", NETWORK)] == ["api-blue-app-1"]

    def test_one_that_went_between_two_looks_is_no_fact(self) -> None:
        class Fleeting(Engine):
            def containers(self, **how: Any) -> list[dict[str, Any]]:
                return [*super().containers(**how), {"Id": "gone", "Labels": {}}]

        host = MemoryHost(Fleeting([builders.container("blue")]))
        assert len(read_containers(host, "api", NETWORK)) == 1

    def test_an_adopted_one_is_of_the_colour_that_took_it(self) -> None:
        host = MemoryHost()
        old = builders.container("blue", "")
        inspected = Engine([old]).inspect_container(old.id)
        inspected["Config"]["Labels"] = None
        host.engine.others["0a1b"] = inspected
        host.files[ROOT / "adopted" / "api.blue"] = b"0a1b\ngone\n"
        assert read_containers(host, "api", NETWORK) == (replace(old, adopted=True),)

    def test_an_engine_that_is_down_is_unreachable(self) -> None:
        host = MemoryHost()
        host.engine.up = False
        with pytest.raises(Unreachable, match="a5: the engine does not answer"):
            read_containers(host, "api", NETWORK)


class TestAnUnfinishedSwitch:
    @pytest.mark.parametrize(
        ("files", "unfinished"),
        [
            ({}, None),
            ({"intent": b"blue green yes\n"}, ("blue", "green")),
            ({"intent": b"none blue yes\n"}, ("none", "blue")),
            ({"intent": b"blue green no\n"}, None),
            ({"intent": b"blue green yes\n", "committed": b"{}\n"}, None),
            ({"intent": b""}, None),
        ],
        ids=["none", "one", "a first deploy's", "no way back", "committed", "torn"],
    )
    def test_is_one_that_the_next_guard_will_undo(
        self, files: dict[str, bytes], unfinished: tuple[str, str] | None
    ) -> None:
        host = MemoryHost()
        host.files.update({ROOM / name: data for name, data in files.items()})
        assert unfinished_switch(host, "api") == unfinished


@pytest.mark.parametrize(("text", "number"), [(None, 0), (b"1\n", 1), (b"27\n", 27), (b"", 0)])
def test_the_states_format_is_a_number(text: bytes | None, number: int) -> None:
    host = MemoryHost()
    if text is not None:
        host.files[ROOT / "format"] = text
    assert state_format(host) == number


def test_a_format_that_is_no_number_is_not_guessed() -> None:
    host = MemoryHost()
    host.files[ROOT / "format"] = b"one\n"
    with pytest.raises(PreflightError, match="holds no number"):
        state_format(host)


def test_a_history_with_broken_bytes_is_read_as_far_as_it_goes() -> None:
    host = MemoryHost()
    host.files[ROOT / "history" / "api.jsonl"] = b'\xff{"id"\n'
    assert read_history(host, "api") == ()


OWNER = "token=t0k\nwho=bo@lab\npid=77\nsince=10:00\nstep=wait ready\n"


class TestTheHolder:
    """The lock decides; the owner file only names. On a real lock."""

    @pytest.fixture
    def host(self, tmp_path: Path) -> LocalHost:
        host = LocalHost("here", PurePosixPath(tmp_path))
        host.put(host.root / "guard/api/owner", OWNER.encode())
        host.put(host.root / "guard/api/lock", b"")
        return host

    @pytest.fixture
    def _held(self, host: LocalHost) -> Iterator[None]:
        argv = ["flock", str(host.root / "guard/api/lock"), "sh", "-c", "echo held; cat"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            yield
            holder.communicate()

    @pytest.mark.usefixtures("_held")
    def test_is_named_with_the_step_that_it_is_at(self, host: LocalHost) -> None:
        assert read_holder(host, "api") == Holder("bo@lab", 77, "10:00", "wait ready")

    @pytest.mark.usefixtures("_held")
    def test_is_nobody_when_it_is_us(self, host: LocalHost) -> None:
        assert read_holder(host, "api", "t0k") is None
        assert read_holder(host, "api", "other") is not None

    @pytest.mark.usefixtures("_held")
    def test_may_not_have_written_its_name_yet(self, host: LocalHost) -> None:
        host.put(host.root / "guard/api/owner", b"")
        assert read_holder(host, "api") == Holder("?", 0, "?", "?")

    def test_is_nobody_when_the_lock_is_free_whatever_is_written(self, host: LocalHost) -> None:
        assert read_holder(host, "api") is None

    def test_is_nobody_where_nobody_ever_deployed(self, host: LocalHost) -> None:
        assert read_holder(host, "web") is None
        assert host.names(host.root / "guard") == {"api"}
