"""Our end of the guard's line: what is sent, and what is made of the answers."""

from __future__ import annotations

import hashlib
import json
import threading
from importlib.resources import files
from typing import Any

import pytest

from pyhelpers.deploy.guard import Guard, GuardLost
from pyhelpers.deploy.model import Colour
from pyhelpers.errors import Exit, LockedError, ProtostarError, Unreachable
from pyhelpers.hosts.denied import Denied
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import ROOT, Line, MemoryHost, StoppedClock

BLUE, GREEN = Colour.BLUE, Colour.GREEN
GUARD, RETIRE = (
    files("pyhelpers.deploy").joinpath(name).read_bytes() for name in ("guard.sh", "retire.sh")
)
FOLDER = ROOT / "guard" / f"guard-{hashlib.sha256(RETIRE + GUARD).hexdigest()[:12]}"


def guard_on(line: Line, host: MemoryHost | None = None) -> Guard:
    return Guard(host or MemoryHost(line=line), "api", line, "t0k")


class TestTakingOffice:
    def test_the_script_is_delivered_under_a_name_that_follows_from_its_text(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("held 4711")
        Guard.acquire(host, "api", "ann@desk", 1.0).close()
        assert host.files == {FOLDER / "guard.sh": GUARD, FOLDER / "retire.sh": RETIRE}
        assert set(host.modes.values()) == {0o755}
        assert host.ran[0][:4] == ["bash", str(FOLDER / "guard.sh"), str(host.root), "api"]

    def test_a_half_delivered_script_is_completed(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("held 4711")
        host.files[FOLDER / "guard.sh"] = GUARD
        Guard.acquire(host, "api", "ann@desk", 1.0).close()
        assert list(host.modes) == [FOLDER / "retire.sh"]

    def test_a_script_that_is_there_is_not_put_again(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("held 1", "held 2")
        Guard.acquire(host, "api", "ann@desk", 1.0).close()
        host.modes.clear()
        host.line.open = True
        Guard.acquire(host, "api", "ann@desk", 1.0).close()
        assert host.modes == {}

    def test_every_guard_has_a_token_of_its_own(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("held 1", "held 2")
        guards = [Guard.acquire(host, "api", "ann@desk", 1.0) for _ in range(2)]
        for guard in guards:
            guard.close()
        tokens = {guard.token for guard in guards}
        assert len(tokens) == 2
        assert tokens == {argv[4] for argv in host.ran}

    def test_waiting_for_a_command_that_outlived_its_deployer_is_no_refusal(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("waiting", "waiting", "held 4711")
        Guard.acquire(host, "api", "ann@desk", 1.0).close()

    def test_another_owner_is_named(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("locked token=x who=bo@lab pid=77 since=10:00 step=bake")
        with pytest.raises(LockedError) as refused:
            Guard.acquire(host, "api", "ann@desk", 1.0)
        assert refused.value.error == "api is being deployed by bo@lab (pid 77, since 10:00)"
        assert "protostar deploy rollback api --now" in refused.value.try_
        assert "protostar deploy unlock api" in refused.value.try_
        assert refused.value.state == "nothing was changed by this command"

    def test_a_lock_without_an_owner_is_a_colour_that_the_engine_still_stops(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("locked ")
        with pytest.raises(LockedError, match="the engine still stops the last colour of api"):
            Guard.acquire(host, "api", "ann@desk", 1.0)

    def test_a_sync_that_has_the_whole_host_is_named(self) -> None:
        host = MemoryHost(line=Line())
        host.line.say("locked host")
        with pytest.raises(LockedError, match="the whole host is locked by a configuration sync"):
            Guard.acquire(host, "api", "ann@desk", 1.0)

    def test_a_guard_that_does_not_start_changes_nothing(self) -> None:
        host = MemoryHost(line=Line())
        host.line.hang_up()
        with pytest.raises(Unreachable) as failed:
            Guard.acquire(host, "api", "ann@desk", 1.0)
        assert failed.value.exit_code is Exit.PREFLIGHT
        assert failed.value.state == "nothing was changed"
        assert "/srv/protostar/guard/api/log" in failed.value.try_

    def test_a_guard_that_says_nothing_is_not_waited_for_for_ever(self) -> None:
        with pytest.raises(Unreachable, match=r"did not say `held` within 0\.05 s"):
            Guard.acquire(MemoryHost(line=Line()), "api", "ann@desk", 0.05)

    def test_a_root_that_cannot_be_written_is_said(self) -> None:
        class ReadOnly(MemoryHost):
            def put(self, *_: object, **__: object) -> None:
                raise Denied(error="no right")

        with pytest.raises(Unreachable) as failed:
            Guard.acquire(ReadOnly(), "api", "ann@desk", 0.05)
        assert f"{FOLDER} cannot be written" in failed.value.error
        assert failed.value.try_ == "sudo install -d -o $(id -un) /srv/protostar"

    def test_it_is_beaten_for_as_long_as_we_live(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pyhelpers.deploy.guard.DEAF_S", 0.05)
        beaten = threading.Event()

        class Beaten(Line):
            def send(self, line: str) -> None:
                super().send(line)
                if self.sent.count("beat") == 3:
                    beaten.set()

        host = MemoryHost(line=Beaten())
        host.line.say("held 1")
        guard = Guard.acquire(host, "api", "ann@desk", 1.0)
        assert beaten.wait(5)
        guard.close()
        assert not host.line.open


class TestWhatIsSent:
    @pytest.mark.parametrize(
        ("service", "terms"),
        [
            ({}, "terms gateway 3000 60000 10 http /health/ready no protostar_edge"),
            (
                {"drain_s": 0.25, "stop_grace_s": 3, "keep_warm": True, "port": 80},
                "terms gateway 80 250 3 http /health/ready yes protostar_edge",
            ),
            (
                {"kind": "worker", "ready": {"path": "/up"}},
                "terms gateway 3000 60000 10 worker /up no protostar_edge",
            ),
            (
                {"kind": "worker", "marker": False},
                "terms gateway 3000 60000 10 http /health/ready no protostar_edge",
            ),
        ],
    )
    def test_the_terms_by_which_the_guard_can_finish_alone(
        self, service: dict[str, Any], terms: str
    ) -> None:
        line = Line()
        guard_on(line).terms(builders.plan(builders.target(**service)))
        assert line.sent == [terms]

    def test_a_grace_period_is_never_cut_to_none(self) -> None:
        """`docker stop -t 0` is a SIGKILL at once."""
        line = Line()
        guard_on(line).terms(builders.plan(builders.target(stop_grace_s=0.4)))
        assert line.sent[0].split()[4] == "1"

    def test_steps_and_colours(self) -> None:
        line = Line()
        guard = guard_on(line)
        guard.enter("wait ready")
        guard.mine(GREEN)
        guard.clean(GREEN)
        guard.release()
        assert line.sent == ["step wait ready", "mine green", "clean green", "release"]

    def test_a_record_is_one_line_of_ascii(self) -> None:
        line = Line()
        guard_on(line).about({"who": "안나\n\u2028", "id": "r1"})
        word, told = line.sent[0].split(" ", 1)
        assert word == "about"
        assert told.isascii()
        assert "\n" not in told
        assert json.loads(told) == {"who": "안나\n\u2028", "id": "r1"}

    def test_a_commit_says_what_may_be_pruned_before_it(self) -> None:
        line = Line({"commit": ["committed"]})
        guard_on(line).commit({"verdict": "good"}, ["v1", "v0"])
        assert line.sent == ["prune v1 v0", 'commit {"verdict": "good"}']

    def test_an_end_without_success_says_why(self) -> None:
        line = Line({"abandon": ["flipped blue 1", "abandoned"]})
        guard = guard_on(line)
        guard.abandon("flipped_back", {"reason": "5xx"})
        assert line.sent == ['abandon flipped_back {"reason": "5xx"}']
        assert guard.flipped_to == "blue"


class TestTheSwitch:
    @pytest.mark.parametrize(
        ("old", "fallback", "sent"),
        [
            (BLUE, True, "switch blue green yes"),
            (BLUE, False, "switch blue green no"),
            (None, False, "switch none green no"),
        ],
    )
    def test_it_says_from_where_to_where_and_whether_there_is_a_way_back(
        self, old: Colour | None, *, fallback: bool, sent: str
    ) -> None:
        line = Line({"switch": ["switched 104 1795430400000001"]})
        took_s, at = guard_on(line).switch(old, GREEN, fallback=fallback)
        assert line.sent == [sent]
        assert took_s == pytest.approx(0.000104)
        assert at == pytest.approx(1795430400.000001)

    def test_a_flip_of_the_dead_deploy_before_is_not_of_this_one(self) -> None:
        line = Line({"switch": ["switched 1 2"]})
        guard = guard_on(line)
        line.say("flipped blue 1")
        guard.check()
        assert guard.flipped_to == "blue"
        guard.switch(BLUE, GREEN, fallback=True)
        assert guard.flipped_to == ""

    @pytest.mark.parametrize(
        ("word", "why"),
        [
            ("marker", "somebody changed it by hand"),
            ("rename", "is the disk read-only"),
            ("disk", "is the disk full or read-only"),
        ],
    )
    def test_a_refused_switch_says_why(self, word: str, why: str) -> None:
        line = Line({"switch": [f"refused {word}"]})
        with pytest.raises(ProtostarError, match=why):
            guard_on(line).switch(BLUE, GREEN, fallback=True)

    def test_a_guard_that_answers_nothing_is_lost(self) -> None:
        class Hasty(StoppedClock):
            def monotonic(self) -> float:
                self.now += 15
                return self.now

        guard = Guard(MemoryHost(), "api", Line({"switch": ["draining 1"]}), "t0k", Hasty())
        with pytest.raises(GuardLost, match="did not say `switched` within 20 s"):
            guard.switch(BLUE, GREEN, fallback=True)


class TestWhatIsHeard:
    def test_nothing_said_is_well(self) -> None:
        guard_on(Line()).check()

    def test_progress_is_passed_on(self) -> None:
        line, heard = Line(), list[str]()
        guard = guard_on(line)
        guard.on_progress = heard.append
        line.say("draining 3", "draining 1", "drained 450 0")
        assert guard.follow("drained", 1.0) == "450 0"
        assert heard == ["3 still in flight", "1 still in flight"]

    def test_what_went_wrong_without_harm_is_passed_on(self) -> None:
        line, heard = Line(), list[str]()
        guard = guard_on(line)
        guard.on_progress = heard.append
        line.say("trouble docker stop of blue failed", "a word of a newer script")
        guard.check()
        assert heard == ["docker stop of blue failed"]

    def test_the_end_by_another_names_who_ended_it(self) -> None:
        line = Line()
        line.say("flipped blue 17", "ended bo@lab")
        guard = guard_on(line)
        with pytest.raises(GuardLost, match="the deploy was ended by bo@lab"):
            guard.check()
        assert guard.flipped_to == "blue"

    @pytest.mark.parametrize("act", ["check", "release", "follow", "enter", "mine", "clean"])
    def test_a_guard_that_is_gone_stops_everything(self, act: str) -> None:
        line = Line()
        line.hang_up()
        arguments = {"follow": ("bye", 1.0), "enter": ("x",), "mine": (BLUE,), "clean": (BLUE,)}
        with pytest.raises(GuardLost, match="the guard on the host is gone"):
            getattr(guard_on(line), act)(*arguments.get(act, ()))

    def test_what_was_said_before_it_went_is_still_heard(self) -> None:
        line = Line()
        line.say("stopped blue", "bye")
        line.hang_up()
        assert guard_on(line).follow("bye", 1.0) == ""


class TestCommandsThatChangeSomething:
    def test_they_run_under_the_fence_of_this_guard(self) -> None:
        host = MemoryHost()
        guard_on(host.line, host).run(["docker", "pull", "x"], deadline_s=30)
        assert host.typed() == [["docker", "pull", "x"]]
        assert host.ran[0][host.ran[0].index("fence") + 1] == "t0k"

    def test_none_runs_once_the_guard_is_gone(self) -> None:
        host = MemoryHost()
        host.line.hang_up()
        with pytest.raises(GuardLost):
            guard_on(host.line, host).run(["docker", "pull", "x"], deadline_s=30)
        assert host.ran == []

    def test_another_guard_in_office_is_not_a_failure_of_the_command(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (75, "protostar: this guard is not in office any more")
        with pytest.raises(GuardLost, match="another guard has taken over api"):
            guard_on(host.line, host).run(["true"], deadline_s=30)

    def test_a_command_may_end_with_75_itself(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (75, "temporary failure")
        assert guard_on(host.line, host).run(["true"], deadline_s=30).status == 75
