"""After a failure: what is told to the guard, and a State line that is true."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.deploy.guard import GuardLost
from pyhelpers.deploy.model import Colour
from pyhelpers.deploy.settle import settle
from pyhelpers.errors import (
    Exit,
    FailedAfterSwitch,
    FailedBeforeSwitch,
    Interrupted,
    ProtostarError,
    Unreachable,
)
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import ROOT, Line, MemoryHost, run_of

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from pyhelpers.deploy.run import Run

NOT_READY = FailedBeforeSwitch(
    error="api-green was not ready; its last lines:\nboom", try_="docker logs"
)
WORSE = FailedAfterSwitch(error="v2 is worse than it may be", try_="protostar deploy history api")
CTRL_C = Interrupted(error="interrupted by SIGINT", state="nothing was changed")
FLIPPED = ["flipped blue 1", "abandoned", "bye"]


def run_at(*live: str, says: list[str] | None = None, **changes: Any) -> Run:
    """A run whose host now has these markers, and whose guard says this to `abandon`."""
    host = MemoryHost(line=Line({"abandon": says or ["abandoned", "bye"]}))
    host.mark(*live)
    return run_of(host, **changes)


def write_record(host: MemoryHost, outcome: str, **fields: object) -> None:
    of = dataclasses.asdict(builders.release("v2"))
    record: dict[str, object] = {
        "id": "r2",
        "outcome": outcome,
        "colour": "green",
        "release": of,
        **fields,
    }
    host.files[ROOT / "history" / "api.jsonl"] = json.dumps(record).encode() + b"\n"


def told(run: Run) -> list[str]:
    host = run.host
    assert isinstance(host, MemoryHost)
    return [line.split(" ", 2)[1] for line in host.line.sent if line.startswith("abandon ")]


class TestBeforeTheSwitch:
    def test_a_failure_leaves_the_old_colour_serving(self) -> None:
        run = run_at("blue")
        error = settle(run, NOT_READY)
        assert error.state == "api-blue serves; traffic never moved"
        assert error.exit_code is Exit.FAILED_BEFORE_SWITCH
        assert (error.error, error.try_) == (NOT_READY.error, "docker logs")
        assert told(run) == ["refused"]

    def test_the_record_holds_the_first_line_without_the_log(self) -> None:
        run = run_at("blue", seconds={"start idle": 1.5}, verdict="")
        settle(run, NOT_READY)
        sent = run.host.line.sent[0]  # type: ignore[attr-defined]  # the double's own
        assert '"reason": "api-green was not ready"' in sent
        assert '"start idle": 1.5' in sent
        assert "boom" not in sent

    def test_a_first_deploy_that_fails_leaves_nothing_serving(self) -> None:
        run = run_at(plan=builders.plan(live=None, fallback=False))
        assert settle(run, NOT_READY).state == "no colour of api serves; traffic never moved"

    def test_an_interrupt_is_130_and_says_the_same(self) -> None:
        run = run_at("blue")
        error = settle(run, CTRL_C)
        assert error.exit_code is Exit.INTERRUPTED
        assert error.state == "api-blue serves; traffic never moved"
        assert error.try_ == "protostar deploy status api"
        assert told(run) == ["interrupted"]

    def test_an_interrupt_does_not_wait_for_the_cleaning(self) -> None:
        run = run_at("blue", says=["abandoned"])
        assert settle(run, CTRL_C).exit_code is Exit.INTERRUPTED

    def test_what_nobody_expected_is_told_like_the_rest(self) -> None:
        run = run_at("blue")
        error = settle(run, ZeroDivisionError("division by zero"))
        assert error.error == "division by zero"
        assert error.exit_code is Exit.FAILED_BEFORE_SWITCH

    def test_a_failure_without_words_is_told_by_its_kind(self) -> None:
        assert settle(run_at("blue"), KeyError()).error == "KeyError"

    def test_a_host_that_goes_away_cannot_be_asked(self) -> None:
        class Gone(MemoryHost):
            def names(self, path: PurePosixPath) -> frozenset[str]:
                raise Unreachable(error="a5 does not answer")

        host = Gone(line=Line({"abandon": ["abandoned", "bye"]}))
        error = settle(run_of(host), NOT_READY)
        assert "a5 cannot be asked what serves" in error.state

    def test_a_migration_that_lives_on_is_named(self) -> None:
        run = run_at("blue")
        assert isinstance(run.host, MemoryHost)
        run.host.engine.running_hooks = ["api-before-switch-v2-1"]
        assert settle(run, CTRL_C).state == (
            "api-blue serves; traffic never moved; api-before-switch-v2-1 still runs"
        )

    def test_an_engine_that_is_gone_does_not_hide_what_serves(self) -> None:
        run = run_at("blue")
        assert isinstance(run.host, MemoryHost)
        run.host.engine.up = False
        assert settle(run, NOT_READY).state == "api-blue serves; traffic never moved"


class TestAfterTheSwitch:
    def test_a_flip_back_is_said_and_is_7(self) -> None:
        run = run_at("blue", says=FLIPPED, switched_at=1795430400.0)
        error = settle(run, WORSE)
        assert error.state == "api-blue serves; traffic was flipped back"
        assert error.exit_code is Exit.FAILED_AFTER_SWITCH
        assert error.try_ == "protostar deploy history api"
        assert told(run) == ["flipped_back"]

    def test_without_a_way_back_the_new_colour_stays_and_it_is_said(self) -> None:
        plan = builders.plan(fallback=False)
        run = run_at("green", plan=plan, switched_at=1795430400.0)
        error = settle(run, WORSE)
        assert error.state == "api-green serves; there was nothing to flip back to"
        assert error.exit_code is Exit.FAILED_AFTER_SWITCH
        assert told(run) == ["refused"]

    def test_an_interrupt_flips_back_too(self) -> None:
        run = run_at("blue", says=FLIPPED, switched_at=1795430400.0)
        error = settle(run, CTRL_C)
        assert error.state == "api-blue serves; traffic was flipped back"
        assert error.exit_code is Exit.INTERRUPTED

    def test_an_interrupt_in_the_switch_itself_does_not_claim_that_traffic_never_moved(
        self,
    ) -> None:
        run = run_at("blue", says=FLIPPED)
        assert settle(run, CTRL_C).state == "api-blue serves; traffic was flipped back"

    def test_a_switch_and_a_flip_that_we_never_heard_of_are_in_the_record(self) -> None:
        run = run_at("blue")
        assert isinstance(run.host, MemoryHost)
        write_record(run.host, "interrupted", flipped_at=1795430401.0)
        assert settle(run, CTRL_C).state == "api-blue serves; traffic was flipped back"

    def test_a_line_lost_in_the_switch_itself_looks_at_the_marker(self) -> None:
        run = run_at("green", says=["abandoned", "bye"])
        error = settle(run, FailedBeforeSwitch(error="lost"))
        assert error.exit_code is Exit.FAILED_AFTER_SWITCH
        assert error.state.startswith("api-green serves; ")
        assert "never moved" not in error.state


def successor_that(*says: str) -> Line:
    line = Line({"abandon": ["abandoned", "bye"]})
    line.say(*says)
    return line


class TestWithoutAGuard:
    def dead(self, *live: str, **changes: Any) -> Run:
        """The guard is gone; its successor finds something to flip back if there was a switch."""
        run = run_at(*live, **changes)
        assert isinstance(run.host, MemoryHost)
        run.host.line.hang_up()
        found = ["flipped blue 1"] if run.switched else []
        run.host.next_lines.append(successor_that(*found, "held 5"))
        return run

    def test_it_is_said_what_stands_all_the_same(self) -> None:
        error = settle(self.dead("blue"), GuardLost(error="the guard on the host is gone"))
        assert error.error == "the guard on the host is gone"
        assert error.state == "api-blue serves; traffic never moved"
        assert error.exit_code is Exit.FAILED_BEFORE_SWITCH

    def test_after_the_switch_a_successor_flips_back_at_once(self) -> None:
        run = self.dead("blue", switched_at=1795430400.0)
        assert isinstance(run.host, MemoryHost)
        successor = run.host.next_lines[0]
        error = settle(run, GuardLost(error="the guard on the host is gone"))
        assert error.state == "api-blue serves; traffic was flipped back"
        assert successor.words() == ["about", "terms", "abandon"]
        assert not successor.open

    def test_the_successor_stops_what_was_ours(self) -> None:
        run = self.dead("blue")
        assert isinstance(run.host, MemoryHost)
        successor = run.host.next_lines[0]
        run.guard.owned = Colour.GREEN
        settle(run, GuardLost(error="gone"))
        assert "mine green" in successor.sent

    def test_what_another_has_settled_is_not_settled_again(self) -> None:
        run = self.dead("blue", switched_at=1795430400.0)
        assert isinstance(run.host, MemoryHost)
        write_record(run.host, "ended", flipped_at=1795430401.0)
        successor = run.host.next_lines[0]
        error = settle(run, GuardLost(error="the deploy was ended by bo@lab"))
        assert error.state == "api-blue serves; traffic was flipped back"
        assert successor.words() == ["release"]

    def test_a_successor_that_cannot_be_had_leaves_the_truth(self) -> None:
        run = self.dead("green", switched_at=1795430400.0)
        assert isinstance(run.host, MemoryHost)
        run.host.next_lines = [successor_that("locked host")]
        error = settle(run, GuardLost(error="gone"))
        assert error.state == (
            "api-green serves; it is not committed, and the next command settles it"
        )

    def test_the_end_by_another_is_told_with_what_it_came_to(self) -> None:
        run = self.dead("blue", switched_at=1795430400.0)
        error = settle(run, GuardLost(error="the deploy was ended by bo@lab"))
        assert error.error == "the deploy was ended by bo@lab"
        assert error.state == "api-blue serves; traffic was flipped back"
        assert error.exit_code is Exit.FAILED_AFTER_SWITCH

    def test_both_markers_are_both_named(self) -> None:
        error = settle(self.dead("blue", "green"), GuardLost(error="gone"))
        assert error.state.startswith("api-blue and api-green serves; ")


def hold_the_lock(run: Run) -> None:
    assert isinstance(run.host, MemoryHost)
    run.host.files[ROOT / "guard" / "api" / "lock"] = b""
    run.host.ends = lambda argv: (1, "") if argv[0] == "flock" else (0, "")


class TestAfterTheCommit:
    @pytest.mark.parametrize(
        ("problem", "code"),
        [
            (CTRL_C, Exit.INTERRUPTED),
            (GuardLost(error="the guard on the host is gone"), Exit.UNEXPECTED),
            (ProtostarError(error="hm", exit_code=Exit.PREFLIGHT), Exit.UNEXPECTED),
        ],
    )
    def test_nothing_is_abandoned_and_the_host_goes_on_alone(
        self, problem: ProtostarError, code: Exit
    ) -> None:
        run = run_at("green", switched_at=1795430400.0, committed=True)
        hold_the_lock(run)
        error = settle(run, problem)
        assert told(run) == []
        assert error.state == (
            "api-green serves; the deploy is committed, "
            "the host drains and stops the old colour by itself"
        )
        assert error.exit_code is code
        assert error.try_ == "protostar deploy status api"

    def test_a_lock_that_outlives_its_guard_for_a_moment_is_nobody_who_goes_on(self) -> None:
        run = run_at("green", switched_at=1795430400.0, committed=True)
        hold_the_lock(run)
        assert isinstance(run.host, MemoryHost)
        held = iter([(1, ""), (1, "")])
        run.host.ends = lambda argv: next(held, (0, "")) if argv[0] == "flock" else (0, "")
        error = settle(run, GuardLost(error="the guard on the host is gone"))
        assert error.state.endswith("the same command again drains and stops it")

    def test_without_a_guard_it_is_said_that_the_old_colour_still_runs(self) -> None:
        run = run_at("green", switched_at=1795430400.0, committed=True)
        assert settle(run, CTRL_C).state == (
            "api-green serves; the deploy is committed, "
            "the old colour still runs: the same command again drains and stops it"
        )

    def test_a_commit_that_we_never_heard_of_counts(self) -> None:
        """The guard's word may be lost; its record is not."""
        run = run_at("green", switched_at=1795430400.0)
        assert isinstance(run.host, MemoryHost)
        write_record(run.host, "done")
        assert "the deploy is committed" in settle(run, CTRL_C).state
