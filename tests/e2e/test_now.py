"""A second terminal: `rollback --now`, `unlock`, a gateway that restarts, an address that moves."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from bench.engine import LABEL, address_of, docker
from bench.load import failed_after
from bench.load.analysis import GRACE_S

from .checks import nobody_noticed
from .colours import wait_until
from .town import Served, Town, said

if TYPE_CHECKING:
    from bench.installation import Finished

pytestmark = pytest.mark.e2e


def assert_ended(town: Town, first: Finished, code: int) -> None:
    """The first deploy's own last word: ended, by whom, and what serves now."""
    assert first.code == code, (first.out, first.err)
    assert said(first).error.startswith("the deploy was ended by ")
    assert said(first).state.startswith(f"{town.name}-blue serves; ")
    assert town.outcomes()[-1] == "ended"


def test_now_ends_a_bake_within_a_second_and_nobody_waits_for_it(town: Town) -> None:
    town.at.set(town.name, bake={"for_s": 30})
    with town.load() as load:
        with town.start("run", "v2") as first:
            first.reached("bake")
            typed_s = time.time()
            with town.start("rollback", "--now") as second:
                town.wait_served("blue", "1")
                live_s = time.time() - typed_s
                ended = second.finish()
            assert_ended(town, first.finish(), code=7)
        result = load.stop()
    nobody_noticed(town, result)
    print(f"the old colour was live {live_s:.2f} s after the command")  # noqa: T201 - a figure
    assert ended.code == 0
    assert ended.out.startswith("Done: the deploy of ")
    assert ended.out.strip().endswith(" was ended, blue serves")
    town.wait_free()
    assert town.colours_running() == ["blue"]


def test_now_ends_a_bad_version_and_only_its_own_answers_fail(town: Town) -> None:
    town.at.set(town.name, bake={"for_s": 30, "max_5xx_percent": 100})
    with town.load() as load, town.start("run", "v4") as first:
        first.reached("bake")
        wait_until(lambda: httpx.get(town.at.url, trust_env=False).is_error, "v4 fails", 10)
        told = town.do("rollback", "--now", "--json").told
        back_s = town.marker("blue").parent.stat().st_mtime
        assert_ended(town, first.finish(), code=7)
        result = load.stop()
    assert (told["outcome"], told["live"]) == ("ended", "blue")
    failures = {(each.status, each.release) for each in result.events if each.failure is not None}
    assert failures == {(500, town.release("v4"))}
    assert failed_after(result.events, back_s + GRACE_S) == []


def test_now_before_the_switch_ends_the_deploy_too(town: Town) -> None:
    with town.load() as load:
        with town.start("run", "v3") as first:
            first.reached("wait ready")
            ended = town.do("rollback", "--now")
            assert_ended(town, first.finish(), code=6)
        nobody_noticed(town, load.stop())
    assert ended.code == 0
    town.wait_free()
    assert (town.served(), town.colours_running()) == (Served("blue", "1"), ["blue"])


def test_now_while_the_old_colour_drains_goes_back_to_the_old_release(town: Town) -> None:
    with town.load(rate=20, slow_per_s=2) as load:
        time.sleep(1)
        with town.start("run", "v2") as first:
            first.reached("drain")
            back = town.do("rollback", "--now")
            assert back.code == 0, (back.out, back.err)
            assert first.finish().code in (0, 1)
        nobody_noticed(town, load.stop())
    assert town.served().version == "1"
    assert town.outcomes() == ["done", "done", "done"]
    assert town.at.history(town.name)[-2]["action"] == "rollback"
    assert town.colours_running() == [town.live()]


def test_now_without_a_deploy_is_a_rollback(town: Town) -> None:
    town.deployed("v2")
    assert town.do("rollback", "--now").code == 0
    assert town.served() == Served("blue", "1")


def test_unlock_shows_whose_deploy_it_is_and_ends_it(town: Town) -> None:
    assert town.do("unlock").out == f"{town.name} is not locked\n"
    with town.start("run", "v3", env={"PROTOSTAR_WHO": "ana@laptop"}) as first:
        first.reached("wait ready")
        asked = town.do("unlock")
        assert asked.code == 130
        assert "is held by ana@laptop since " in asked.out
        assert town.at.locked(town.name)
        unlocked = town.do("unlock", "--yes")
        assert unlocked.code == 0
        assert unlocked.out.endswith(f"{town.name} is free\n")
        assert not town.at.locked(town.name)
        assert_ended(town, first.finish(), code=6)


def test_unlock_ends_a_guard_that_does_not_react(town: Town) -> None:
    town.at.set(town.name, bake={"for_s": 60})
    with town.start("run", "v2") as first:
        first.reached("bake")
        os.kill(town.at.guard_pid(town.name), signal.SIGSTOP)
        assert town.do("unlock", "--yes").code == 0
        assert first.finish().code == 7
    town.wait_free()
    assert town.deployed("v1").out.count("→ switch") <= 1
    assert town.served().version == "1"
    assert town.colours_running() == [town.live()]


def test_a_gateway_that_dies_at_any_moment_comes_back_with_the_live_colour(town: Town) -> None:
    town.at.set(town.name, bake={"for_s": 2})
    with town.start("run", "v2") as deployer:
        deployer.reached("bake")
        restart(town)
        assert town.served().colour == town.live()
        deployer.finish()
    town.wait_free()
    restart(town)
    assert town.served().colour == town.live()
    town.deployed("v2")
    restart(town)
    assert town.served() == Served("green", "2")


def restart(town: Town) -> None:
    docker("kill", town.at.gateway)
    docker("start", town.at.gateway)
    town.at.wait_for_gateway()


# Writes a line for each request.
ANOTHER_SERVICE = ["sh", "-c", "exec python3 -m http.server 3000 --directory /tmp 2>&1"]
ASK = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/?asked-directly')"


def test_the_address_that_an_idle_colour_once_had_never_gets_a_request(
    town: Town,
) -> None:
    blue = address_of(town.at.containers(town.name)[0], town.at.network)
    with town.load() as load:
        town.deployed("v2")
        another = take_address(town, blue)
        time.sleep(2)
        town.at.deploy("status")
        town.do("rollback", "--json")
        nobody_noticed(town, load.stop())
    assert town.served().version == "1"
    docker("exec", another, "python3", "-c", ASK)
    heard = [line for line in docker("logs", another).splitlines() if "HTTP/1." in line]
    assert "GET /?asked-directly" in heard.pop(), "the log would have shown any other request"
    assert heard == []


def take_address(town: Town, wanted: str) -> str:
    """Start containers of another service until one got the address: the engine fills gaps."""
    options = ["--label", f"{LABEL}={town.at.tag}", "--network", town.at.network]
    for _ in range(8):
        argv = [*options, "protostar-example/app:v1", *ANOTHER_SERVICE]
        another = docker("run", "--detach", *argv).strip()
        if address_of(another, town.at.network) == wanted:
            return another
    raise AssertionError(f"no container got {wanted}")
