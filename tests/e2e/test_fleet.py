"""Several hosts, as far as one engine goes: a process for one host, and a refusal for all.

Names on an engine are by service, so two hosts on one engine can never both be deployed to.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from bench.engine import CHECKOUT
from pyhelpers import interrupts
from pyhelpers.deploy import fleet, turns
from pyhelpers.deploy.children import Children
from pyhelpers.errors import Interrupted

from .colours import wait_until
from .town import said

if TYPE_CHECKING:
    from pyhelpers.deploy.fleet import Outcome

    from .town import Town

pytestmark = pytest.mark.e2e


class Process:
    """The process that several hosts have each, for the one host of a town."""

    def __init__(self, town: Town, version: str, *more: str) -> None:
        words = ["run", town.name, version, *more, "--file", str(town.at.file)]
        self.heard: list[str] = []
        self.tried: dict[str, Outcome] = {}
        self._children = Children(
            lambda host: fleet.child(sys.executable, words, host),
            {**os.environ, "PYTHONPATH": str(CHECKOUT)},
            lambda host, line: self.heard.append(f"{host} | {line}"),
        )

    def go(self) -> Outcome:
        turns.at_once(["here"], 1, self.tried, self._children)
        return self.tried["here"]

    def interrupt_at(self, step: str) -> None:
        wait_until(lambda: f"here | → {step}" in "\n".join(self.heard), step, 30)
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_process_for_one_host_tells_its_steps_and_its_outcome(town: Town) -> None:
    process = Process(town, "v2")
    outcome = process.go()
    assert (outcome.word, outcome.told["label"], outcome.told["exit_code"]) == ("done", "v2", 0)
    assert any(line.startswith("here | ✓ switch") for line in process.heard)
    assert town.served() == ("green", "2")


def test_a_release_that_is_another_by_now_is_refused(town: Town) -> None:
    outcome = Process(town, "v2", "--expect", "000000000000").go()
    assert (outcome.word, outcome.told["exit_code"]) == ("failed", 4)
    assert "not 000000000000" in outcome.told["error"]
    assert town.served() == ("blue", "1")


def test_a_signal_interrupts_the_deploy_and_what_it_settles_is_waited_for(town: Town) -> None:
    town.at.set(town.name, bake={"for_s": 30})
    process = Process(town, "v2")
    killer = threading.Thread(target=process.interrupt_at, args=("bake",))
    with interrupts.raised():
        killer.start()
        with pytest.raises(Interrupted):
            process.go()
    killer.join()
    told = process.tried["here"].told
    assert told["exit_code"] == 130
    assert str(told["state"]).startswith(f"{town.name}-blue serves; traffic was flipped back")
    assert town.served() == ("blue", "1")
    town.wait_free()


@pytest.mark.parametrize("parallel", [1, 2])
def test_when_one_host_refuses_none_is_touched(town: Town, parallel: int) -> None:
    """The containers on this engine belong to the first installation, so the second refuses."""
    town.at.hosts["there"] = {"local": True, "root": str(town.folder / "there")}
    del town.at.services[town.name]["host"]
    town.at.set(town.name, hosts=["here", "there"], parallel=parallel)
    before = town.snapshot()
    done = town.run("v2")
    assert done.code == 4, (done.out, done.err)
    assert said(done).error.startswith("there: ")
    assert said(done).state == "nothing was changed"
    assert town.snapshot() == before
    rows = town.at.deploy("status", town.name).out.splitlines()
    assert [row.split()[:3] for row in rows[1:]] == [
        [town.name, "here", "blue"],
        [town.name, "there", "none"],
    ]
    alone = town.run("v2", "--host", "here")
    assert alone.code == 0, (alone.out, alone.err)
    assert town.served() == ("green", "2")
