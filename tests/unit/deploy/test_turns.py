"""Several hosts asked at once and deployed to in turn, with real processes where they matter."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pyhelpers import interrupts
from pyhelpers.deploy import turns
from pyhelpers.deploy.children import Children
from pyhelpers.errors import Interrupted, PreflightError, ProtostarError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.deploy.fleet import Outcome

DONE = {"outcome": "done", "exit_code": 0}
# A deploy in three lines: it says a word, and its object. Interrupted, it says so in its object.
GOOD = """
import sys
print("begins", file=sys.stderr, flush=True)
print('{"outcome": "done", "exit_code": 0}')
"""
BAD = """
import sys
print("ends badly", file=sys.stderr, flush=True)
print('{"error": "no", "state": "as it was", "try": "", "exit_code": 6}')
sys.exit(6)
"""
LONG = """
import signal, sys, time
def interrupted(*_):
    print('{"error": "interrupted", "state": "settled", "try": "", "exit_code": 130}', flush=True)
    sys.exit(130)
signal.signal(signal.SIGTERM, interrupted)
print("works", file=sys.stderr, flush=True)
time.sleep(60)
"""
DEAD = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
FULL = """
import sys
for _ in range(3000): print("x" * 100, file=sys.stderr)
print('{"outcome": "done", "exit_code": 0, "padding": "' + "y" * 300_000 + '"}')
"""


class Stage:
    """A program for each host, and what was heard of them."""

    def __init__(self, **programs: str) -> None:
        self.order = list(programs)
        self.heard: list[tuple[str, str]] = []
        self.tried: dict[str, Outcome] = {}
        self.news = threading.Event()
        self.children = Children(lambda h: [sys.executable, "-c", programs[h]], {}, self.hear)

    def hear(self, host: str, line: str) -> None:
        self.heard.append((host, line))
        self.news.set()

    def go(self, number: int) -> dict[str, str]:
        turns.at_once(self.order, number, self.tried, self.children)
        return self.words()

    def words(self) -> dict[str, str]:
        return {host: outcome.word for host, outcome in self.tried.items()}


class TestAsking:
    def test_answers_and_errors_are_told_apart(self) -> None:
        def question(host: str) -> str:
            if host == "a6":
                raise Unreachable(error="a6 is down")
            return f"{host} is well"

        answers, problems = turns.ask(["a5", "a6", "a7"], question)
        assert answers == {"a5": "a5 is well", "a7": "a7 is well"}
        assert {host: problem.error for host, problem in problems.items()} == {"a6": "a6 is down"}
        with pytest.raises(ProtostarError, match="a6: a6 is down"):
            turns.ask_all(["a5", "a6"], question)
        with pytest.raises(Unreachable, match=r"^Error: a6 is down\n"):
            turns.ask_all(["a6"], question)

    def test_all_are_asked_at_the_same_time(self) -> None:
        together = threading.Barrier(3, timeout=20)
        answers = turns.ask_all(["a5", "a6", "a7"], lambda _host: together.wait() >= 0)
        assert list(answers) == ["a5", "a6", "a7"]

    def test_what_nobody_expected_is_not_taken_for_an_answer(self) -> None:
        with pytest.raises(ZeroDivisionError):
            turns.ask(["a5"], lambda _host: 1 // 0)


class TestOneByOne:
    def test_the_first_failure_stops_the_rest(self) -> None:
        went: list[str] = []

        def deploy(host: str) -> Mapping[str, object]:
            went.append(host)
            if host == "a6":
                raise PreflightError(error="no room")
            return DONE

        tried: dict[str, Outcome] = {}
        turns.one_by_one(["a5", "a6", "a7"], tried, deploy)
        assert went == ["a5", "a6"]
        assert tried["a5"].told == DONE
        assert (tried["a6"].word, tried["a6"].told["error"]) == ("failed", "no room")

    def test_it_stays_in_the_thread_that_signals_reach(self) -> None:
        threads = []

        def deploy(_host: str) -> Mapping[str, object]:
            threads.append(threading.current_thread())
            return DONE

        turns.one_by_one(["a5", "a6"], {}, deploy)
        assert set(threads) == {threading.main_thread()}

    def test_an_interrupted_deploy_is_a_failure_and_stops_the_rest(self) -> None:
        def deploy(_host: str) -> Mapping[str, object]:
            raise Interrupted(error="interrupted by SIGTERM", state="blue serves")

        tried: dict[str, Outcome] = {}
        turns.one_by_one(["a5", "a6"], tried, deploy)
        assert {host: outcome.told["exit_code"] for host, outcome in tried.items()} == {"a5": 130}


class TestSomeAtOnce:
    def test_every_host_has_its_turn_and_its_lines_bear_its_name(self) -> None:
        stage = Stage(a5=GOOD, a6=GOOD, a7=GOOD)
        assert stage.go(2) == dict.fromkeys(stage.order, "done")
        assert sorted(stage.heard) == [("a5", "begins"), ("a6", "begins"), ("a7", "begins")]

    def test_who_is_under_way_finishes_and_nobody_else_begins(self) -> None:
        slow = "import time; time.sleep(1)\n" + GOOD
        stage = Stage(a5=slow, a6=BAD, a7=GOOD)
        assert stage.go(2) == {"a6": "failed", "a5": "done"}
        assert stage.tried["a6"].told["exit_code"] == 6

    def test_one_that_says_more_than_a_pipe_holds_ends_all_the_same(self) -> None:
        stage = Stage(a5=FULL, a6=FULL)
        assert stage.go(2) == {"a5": "done", "a6": "done"}
        assert len(stage.heard) == 6000

    def test_one_that_dies_without_a_word_has_failed(self) -> None:
        stage = Stage(a5=DEAD, a6=GOOD, a7=GOOD)
        stage.go(1)
        assert list(stage.tried) == ["a5"]
        assert stage.tried["a5"].told["error"] == (
            "the deploy to a5 ended with status -9 and told nothing"
        )
        assert stage.tried["a5"].told["exit_code"] == 7

    def test_a_signal_interrupts_all_of_them_and_waits_for_what_they_settle(self) -> None:
        stage = Stage(a5=LONG, a6=LONG, a7=GOOD)

        def interrupt() -> None:
            until = time.monotonic() + 30
            while len(stage.heard) < 2 and time.monotonic() < until:
                stage.news.wait(0.1)
            os.kill(os.getpid(), signal.SIGTERM)

        killer = threading.Thread(target=interrupt)
        with interrupts.raised():
            killer.start()
            with pytest.raises(Interrupted):
                stage.go(2)
        killer.join()
        told = {host: outcome.told["exit_code"] for host, outcome in stage.tried.items()}
        assert told == {"a5": 130, "a6": 130}

    def test_after_that_none_is_started_any_more(self) -> None:
        stage = Stage(a5=GOOD)
        stage.children.interrupt()
        assert stage.children.deploy("a5").word == "not tried"
        assert stage.heard == []
