"""Before traffic: the image, the release's folder, the hooks, the idle colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import APIError

from pyhelpers.deploy import commands
from pyhelpers.deploy.start import fetch_image, last_log_lines, run_hooks, start_idle
from pyhelpers.errors import FailedBeforeSwitch
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import ROOT, Engine, Line, MemoryHost, run_of, seen, well

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.hosts.protocol import Finished

V2 = builders.release("v2")
FOLDER = ROOT / "releases" / "api" / "v2"
FILES = {"compose.yml": b"services: {}\n", "env/api.env": b"A=1\n"}
TAG = ["docker", "tag", V2.image, "protostar-release/api:v2"]
HOOKED: dict[str, Any] = {"before_switch": [["node", "migrate.js"], ["seed"]]}


def exited(code: int) -> dict[str, Any]:
    return {"State": {"Status": "exited", "ExitCode": code, "Running": False}}


def image(digest: str) -> dict[str, Any]:
    return {"Id": digest, "Architecture": "amd64", "Size": 1}


class TestTheImage:
    def test_it_is_pulled_tagged_and_its_folder_delivered(self) -> None:
        host = MemoryHost()
        fetch_image(run_of(host, builders.plan(pull=True), files=FILES))
        assert host.typed() == [["docker", "pull", V2.image], TAG]
        assert host.files == {FOLDER / name: data for name, data in FILES.items()}
        assert host.modes == {FOLDER / "compose.yml": 0o644, FOLDER / "env/api.env": 0o600}

    def test_one_that_is_here_is_only_tagged(self) -> None:
        host = MemoryHost()
        fetch_image(run_of(host))
        assert host.typed() == [TAG]

    @pytest.mark.parametrize(("named", "typed"), [("sha256:2", []), ("sha256:1", [TAG])])
    def test_the_name_is_given_once_and_set_right_when_it_is_anothers(
        self, named: str, typed: list[list[str]]
    ) -> None:
        host = MemoryHost()
        host.engine.images = {V2.image: image("sha256:2"), TAG[-1]: image(named)}
        fetch_image(run_of(host))
        assert host.typed() == typed

    def test_a_release_that_is_here_is_not_written_again(self) -> None:
        host = MemoryHost()
        host.files[FOLDER / "compose.yml"] = b"as it was\n"
        fetch_image(run_of(host, files={"compose.yml": b"other\n"}))
        assert host.files[FOLDER / "compose.yml"] == b"as it was\n"

    @pytest.mark.parametrize(("word", "said"), [("pull", f"pulling {V2.image}"), ("tag", "tag")])
    def test_what_docker_says_last_is_the_error(self, word: str, said: str) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (1, "long\nno space left on device") if word in argv else (0, "")
        with pytest.raises(FailedBeforeSwitch) as failed:
            fetch_image(run_of(host, builders.plan(pull=True), files=FILES))
        assert failed.value.error == f"{said} failed on a5: no space left on device"
        assert host.files == {}

    def test_progress_is_shown(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (0, "layer 1\nlayer 2\n")
        run = run_of(host, builders.plan(pull=True))
        fetch_image(run)
        assert seen(run) == ["layer 1", "layer 2"]


class TestTheHooks:
    PLAN = builders.plan(builders.target(**HOOKED))

    def hook(self, number: int, *argv: str) -> list[str]:
        return commands.hook(ROOT, "api", V2, self.PLAN.idle, "app", number, argv)

    def test_each_runs_in_its_own_container_and_in_their_order(self) -> None:
        host = MemoryHost()
        run_hooks(run_of(host, self.PLAN))
        assert host.typed() == [self.hook(1, "node", "migrate.js"), self.hook(2, "seed")]

    def test_the_record_knows_of_them_before_the_first_one_starts(self) -> None:
        """A deployer that is killed within a migration must not leave an innocent record."""
        order: list[str] = []

        class Ordered(Line):
            def send(self, line: str) -> None:
                order.append(line)

        class Running(MemoryHost):
            def run(self, argv: Sequence[str], **how: Any) -> Finished:
                order.append("hook")
                return super().run(argv, **how)

        run_hooks(run_of(Running(line=Ordered()), self.PLAN))
        assert order[0].startswith("about ")
        assert '"hooks_ran": true' in order[0]
        assert order[1:] == ["hook", "hook"]

    def test_one_that_has_run_for_this_release_does_not_run_again(self) -> None:
        host = MemoryHost()
        host.engine.others["api-before-switch-v2-1"] = exited(0)
        run = run_of(host, self.PLAN)
        run_hooks(run)
        assert host.typed() == [self.hook(2, "seed")]
        assert "hook 1 has run for this release already" in seen(run)

    def test_one_that_failed_is_tried_again_under_its_name(self) -> None:
        host = MemoryHost()
        host.engine.others["api-before-switch-v2-1"] = exited(1)
        run_hooks(run_of(host, self.PLAN))
        assert host.typed()[:2] == [
            ["docker", "rm", "--volumes", "api-before-switch-v2-1"],
            self.hook(1, "node", "migrate.js"),
        ]

    def test_the_first_that_fails_is_the_last_that_runs(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (0, "3\n")
        host.engine.log_bytes = b"table exists\n"
        with pytest.raises(FailedBeforeSwitch) as failed:
            run_hooks(run_of(host, self.PLAN))
        assert (
            failed.value.error
            == "hook `node migrate.js` ended with 3; its last lines:\ntable exists"
        )
        assert failed.value.try_ == "docker logs api-before-switch-v2-1"
        assert len(host.typed()) == 1

    def test_one_that_cannot_start_is_told_in_composes_last_words(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (1, 'no space left\ntime="10:00" level=warning msg="unset"\n')
        with pytest.raises(FailedBeforeSwitch, match="ended with no space left"):
            run_hooks(run_of(host, self.PLAN))

    def test_one_that_outlives_its_limit_is_left_running_and_named(self) -> None:
        host = MemoryHost()
        name = "api-before-switch-v2-1"

        def outlives(argv: Sequence[str]) -> tuple[int, str]:
            host.engine.running_hooks = [name]
            return 124, ""

        host.ends = outlives
        with pytest.raises(FailedBeforeSwitch) as failed:
            run_hooks(run_of(host, self.PLAN))
        assert "`node migrate.js` did not end within 600 s; it still runs" in failed.value.error
        assert failed.value.try_ == f"docker logs --tail 50 {name}"
        assert not [argv for argv in host.typed() if "rm" in argv]

    def test_one_of_an_earlier_attempt_is_waited_for_and_never_joined(self) -> None:
        """Of whatever release: two migrations beside each other are what nobody wants."""
        host = MemoryHost()
        host.engine.running_hooks = ["api-before-switch-v1-1"]

        def ends(argv: Sequence[str]) -> tuple[int, str]:
            host.engine.running_hooks = []
            return well(argv)

        host.ends = ends
        run_hooks(run_of(host, self.PLAN))
        assert host.typed()[0] == ["docker", "wait", "api-before-switch-v1-1"]
        assert host.typed()[1:] == [self.hook(1, "node", "migrate.js"), self.hook(2, "seed")]

    def test_one_of_an_earlier_attempt_that_does_not_end_stops_the_deploy(self) -> None:
        host = MemoryHost()
        host.engine.running_hooks = ["api-before-switch-v1-1"]
        host.ends = lambda argv: (124, "")
        with pytest.raises(FailedBeforeSwitch, match="v1-1, of an earlier attempt, still runs"):
            run_hooks(run_of(host, self.PLAN))
        assert host.typed() == [["docker", "wait", "api-before-switch-v1-1"]]

    def test_one_that_has_ended_is_not_taken_for_running_by_the_engines_late_list(self) -> None:
        host = MemoryHost()
        host.engine.running_hooks = ["api-before-switch-v2-1", "api-before-switch-v2-2"]
        run_hooks(run_of(host, self.PLAN))
        assert host.typed()[-1] == self.hook(2, "seed")

    def test_a_hook_has_its_own_time_limit(self) -> None:
        host = MemoryHost()
        limited = builders.target(before_switch=[["x"]], before_switch_timeout_s=7)
        run_hooks(run_of(host, builders.plan(limited)))
        assert host.ran[0][host.ran[0].index("timeout") + 2] == "7"


class TestTheIdleColour:
    UP = commands.up(ROOT, "api", V2, builders.plan().idle, 1, "app")

    def test_it_is_ours_before_it_starts(self) -> None:
        host = MemoryHost()
        start_idle(run_of(host))
        assert host.line.sent == ["mine green"]
        assert host.typed() == [self.UP]

    def test_what_is_left_of_an_earlier_attempt_goes_first_and_only_that(self) -> None:
        """What runs was drained by another step; what was adopted is somebody's."""
        stale = builders.container("green", "v0", running=False)
        running = builders.container("green", "v0", 3)
        host = MemoryHost(Engine([builders.container("blue", running=False), stale, running]))
        adopted = builders.container("green", "", 2, running=False)
        host.engine.others["0a1b"] = Engine([adopted]).inspect_container(adopted.id)
        host.files[ROOT / "adopted" / "api.green"] = b"0a1b\n"
        start_idle(run_of(host))
        assert host.typed() == [["docker", "rm", "--volumes", stale.id], self.UP]

    def test_compose_that_fails_is_told_in_its_last_words(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (1, "Network protostar_edge not found\n")
        with pytest.raises(FailedBeforeSwitch) as failed:
            start_idle(run_of(host))
        assert failed.value.error == "api-green did not start: Network protostar_edge not found"

    def test_a_command_that_fails_without_a_word_is_told_by_its_status(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (124, "")
        with pytest.raises(FailedBeforeSwitch, match="did not start: status 124"):
            start_idle(run_of(host))


def test_a_log_that_cannot_be_read_is_no_failure_of_its_own() -> None:
    class Mute(Engine):
        def logs(self, container: str, **how: Any) -> Any:
            raise APIError("configured logging driver does not support reading")

    assert (
        last_log_lines(run_of(MemoryHost(Mute())), "c1") == "(its log cannot be read: Unreachable)"
    )


def test_the_last_lines_of_a_log_are_fifty_and_any_bytes() -> None:
    host = MemoryHost()
    host.engine.log_bytes = b"\xff broken\nlast\n\n"
    assert last_log_lines(run_of(host), "c1") == "� broken\nlast"
    assert host.engine.logs_asked == [("c1", {"tail": 50})]
