"""The steps that look: ready, verify, bake, through the gateway's own answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import responses
from docker.errors import APIError

from pyhelpers.deploy import watch
from pyhelpers.deploy.bake import JobWatch, TrafficWatch, watch_for
from pyhelpers.deploy.guard import GuardLost
from pyhelpers.deploy.model import StepName
from pyhelpers.deploy.verdict import Tally
from pyhelpers.errors import FailedAfterSwitch, FailedBeforeSwitch
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import (
    Engine,
    MemoryHost,
    Said,
    StoppedClock,
    Traffic,
    lines_of,
    run_of,
    seen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyhelpers.deploy.model import Container
    from pyhelpers.deploy.run import Run

WELL = Said()
SECOND = Said(address=builders.address("green", 2))
ABSENT = Said(502, "", "", "green")
BUSY = Said(503)


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def green(number: int = 1, **changes: Any) -> Container:
    return builders.container("green", "v2", number, **changes)


def run_on(
    gateway: responses.RequestsMock,
    traffic: Traffic,
    containers: Sequence[Container] | None = None,
    **service: Any,
) -> Run:
    traffic.serve(gateway)
    host = MemoryHost(Engine([green()] if containers is None else containers))
    return run_of(host, builders.plan(builders.target(**service)))


class TestReady:
    def test_an_answer_of_the_new_release_is_ready(self, gateway: responses.RequestsMock) -> None:
        traffic = Traffic(probes=[ABSENT, BUSY, WELL])
        watch.wait_ready(run_on(gateway, traffic))
        assert len(traffic.asked) == 3
        assert str(traffic.asked[0].url).endswith("/-/probe/api/green/health/ready")

    def test_every_replica_must_have_answered(self, gateway: responses.RequestsMock) -> None:
        traffic = Traffic(probes=[WELL, WELL, SECOND])
        watch.wait_ready(run_on(gateway, traffic, [green(1), green(2)], replicas=2))
        assert len(traffic.asked) == 3

    def test_a_replica_that_is_not_there_yet_is_waited_for(
        self, gateway: responses.RequestsMock
    ) -> None:
        run = run_on(gateway, Traffic(), [green(1)], replicas=2, ready={"timeout_s": 1})
        with pytest.raises(FailedBeforeSwitch, match="was not ready within 1 s"):
            watch.wait_ready(run)

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            pytest.param(BUSY, "gave 503 from 172.18.0.21 saying release v2", id="not ready"),
            pytest.param(
                Said(release="v1"), "gave 200 from 172.18.0.21 saying release v1", id="another"
            ),
            pytest.param(
                Said(release=""), "gave 200 from 172.18.0.21 saying release (none)", id="nameless"
            ),
            pytest.param(
                Said(address="172.18.0.99"), "gave 200 from 172.18.0.99", id="a stranger's address"
            ),
            pytest.param(
                ABSENT, "gave 502 from the gateway, which knows no address of it yet", id="no name"
            ),
            pytest.param(
                Said(502, ""), "nobody listens at 172.18.0.21, or it hangs", id="a wrong port"
            ),
            pytest.param(
                Said(body='{"consuming": true}'), "gave 200", id="a worker that eats jobs already"
            ),
        ],
    )
    def test_anything_else_is_not(
        self, gateway: responses.RequestsMock, said: Said, words: str
    ) -> None:
        worker: dict[str, Any] = {"kind": "worker"} if "consuming" in said.body else {}
        run = run_on(gateway, Traffic(probes=[said]), ready={"timeout_s": 1}, **worker)
        with pytest.raises(FailedBeforeSwitch) as failed:
            watch.wait_ready(run)
        assert failed.value.error.startswith("api-green was not ready within 1 s: /health/ready")
        assert words in failed.value.error
        assert failed.value.error.endswith("its last lines:\nthe last line")
        assert failed.value.try_ == "docker logs api-green-app-1"

    @pytest.mark.parametrize(
        ("neighbours", "steps", "silent"),
        [
            pytest.param(["redis"], [StepName.START], True, id="it may be somebody's by now"),
            pytest.param(["gateway"], [StepName.START], False, id="nobody else is there"),
            pytest.param(["redis"], [], False, id="a warm colour kept its address"),
        ],
    )
    def test_nobody_is_probed_while_the_gateway_may_know_an_old_address(
        self,
        gateway: responses.RequestsMock,
        neighbours: list[str],
        steps: list[StepName],
        *,
        silent: bool,
    ) -> None:
        traffic, engine = Traffic(), Engine([green()])
        traffic.serve(gateway)
        engine.neighbours = neighbours
        run = run_of(MemoryHost(engine), builders.plan(builders.target(), *steps))
        began = run.clock.monotonic()
        watch.wait_ready(run)
        assert (run.clock.monotonic() - began >= watch.FORGOTTEN_S) is silent
        assert len(traffic.asked) == 1

    def test_a_gateway_that_goes_away_is_said(self, gateway: responses.RequestsMock) -> None:
        run = run_of(MemoryHost(Engine([green()])), builders.plan(builders.target()))
        with pytest.raises(FailedBeforeSwitch, match=r"no answer from the gateway \(Connection"):
            watch.wait_ready(run)

    def test_a_service_that_names_no_release_is_known_by_its_address(
        self, gateway: responses.RequestsMock
    ) -> None:
        traffic = Traffic(probes=[Said(release="")])
        watch.wait_ready(run_on(gateway, traffic, ready={"release_header": None}))

    @pytest.mark.parametrize("changes", [{"running": False, "exit_code": 137}, {"restarts": 1}])
    def test_a_container_that_exits_fails_at_once_with_its_log(
        self, gateway: responses.RequestsMock, changes: dict[str, Any]
    ) -> None:
        traffic = Traffic()
        with pytest.raises(FailedBeforeSwitch) as failed:
            watch.wait_ready(run_on(gateway, traffic, [green(**changes)]))
        assert "api-green-app-1 exited with" in failed.value.error
        assert failed.value.error.endswith("its last lines:\nthe last line")
        assert traffic.asked == []

    def test_the_other_colours_containers_are_its_own_affair(
        self, gateway: responses.RequestsMock
    ) -> None:
        blue = builders.container("blue", "v1", restarts=7, running=False)
        watch.wait_ready(run_on(gateway, Traffic(), [blue, green()]))

    def test_nobody_waits_without_a_guard(self, gateway: responses.RequestsMock) -> None:
        run = run_on(gateway, Traffic(probes=[BUSY]))
        assert isinstance(run.host, MemoryHost)
        run.host.line.hang_up()
        with pytest.raises(GuardLost):
            watch.wait_ready(run)


class TestVerify:
    def test_it_takes_so_many_answers_in_a_row(self, gateway: responses.RequestsMock) -> None:
        old = Said(colour="blue", release="v1")
        traffic = Traffic(lives=[WELL, WELL, old, WELL])
        watch.verify(run_on(gateway, traffic, verify={"answers": 4}))
        assert len(traffic.asked) == 7

    def test_old_and_new_connections_by_turns(self, gateway: responses.RequestsMock) -> None:
        traffic = Traffic()
        watch.verify(run_on(gateway, traffic, verify={"answers": 4}))
        closing = [request.headers.get("Connection") == "close" for request in traffic.asked]
        assert closing == [False, True, False, True]

    @pytest.mark.parametrize(
        "said",
        [
            pytest.param(Said(colour="blue", release="v1"), id="the old colour"),
            pytest.param(Said(release="v1"), id="the old release"),
            pytest.param(Said(colour="blue"), id="the new release on the wrong colour"),
            pytest.param(BUSY, id="not ready"),
            pytest.param(Said(503, "", "", ""), id="no colour at all"),
            pytest.param(Said(body='{"consuming": false}'), id="a worker that takes no jobs"),
        ],
    )
    def test_anything_else_fails_after_a_while(
        self, gateway: responses.RequestsMock, said: Said
    ) -> None:
        worker: dict[str, Any] = {"kind": "worker"} if "consuming" in said.body else {}
        run = run_on(gateway, Traffic(lives=[said]), **worker)
        began = run.clock.monotonic()
        with pytest.raises(FailedAfterSwitch, match="the gateway does not answer from green"):
            watch.verify(run)
        assert 10 <= run.clock.monotonic() - began < 21

    @pytest.mark.parametrize("body", ['{"consuming": true}', '{"consuming": false}'])
    @pytest.mark.parametrize("service", [{}, {"kind": "worker", "marker": False}])
    def test_only_a_worker_that_watches_its_marker_is_asked_whether_it_consumes(
        self, gateway: responses.RequestsMock, service: dict[str, Any], body: str
    ) -> None:
        said = Said(body=body)
        traffic = Traffic(probes=[said], lives=[said])
        run = run_on(gateway, traffic, **service)
        watch.wait_ready(run)
        watch.verify(run)
        assert len(traffic.asked) == 11

    def test_a_worker_that_takes_jobs_now_is_well(self, gateway: responses.RequestsMock) -> None:
        traffic = Traffic(lives=[Said(body='{"consuming": true}')])
        watch.verify(run_on(gateway, traffic, kind="worker"))


def log(colour: str, statuses: Sequence[int], first_at: float = 5001.0) -> list[bytes]:
    entry = '{"service": "api", "colour": "%s", "status": %d, "msec": %.3f}'
    return [
        (entry % (colour, status, first_at + number)).encode()
        for number, status in enumerate(statuses)
    ]


class Logs(Engine):
    """The gateway's access log: before the switch, and the streams after it, one a restart."""

    def __init__(
        self, before: list[bytes], *after: list[bytes], containers: list[Container] | None = None
    ) -> None:
        super().__init__([green()] if containers is None else containers)
        self.before = before
        self.streams = list(after)
        self.all_read = threading.Event()
        self.over = threading.Event()

    def logs(self, container: str, **how: Any) -> Any:
        self.logs_asked.append((container, how))
        if not how.get("stream"):
            return self.log_bytes
        return self._follow() if how["follow"] else lines_of(*self.before)

    def _follow(self) -> Iterator[bytes]:
        yield from lines_of(*self.streams.pop(0))
        if not self.streams:
            self.all_read.set()
            self.over.wait(10)
            self.streams.append([])

    def followed(self) -> list[float]:
        return [how["since"] for _, how in self.logs_asked if how.get("follow")]


class AfterReading(StoppedClock):
    """Time passes once the log has been read."""

    def __init__(self, engine: Logs) -> None:
        super().__init__()
        self.engine = engine

    def sleep(self, seconds: float, /) -> None:
        assert self.engine.all_read.wait(5)
        super().sleep(seconds)


Baking = Callable[..., "Run"]


@pytest.fixture
def baking(gateway: responses.RequestsMock) -> Iterator[Baking]:
    engines: list[Logs] = []

    def made(engine: Logs, traffic: Traffic | None = None, **service: Any) -> Run:
        engines.append(engine)
        (traffic or Traffic()).serve(gateway)
        plan = builders.plan(builders.target(**service))
        clock = AfterReading(engine)
        return run_of(MemoryHost(engine), plan, switched_at=5000.0, clock=clock)

    yield made
    for each in engines:
        each.over.set()


class TestBake:
    def test_good_traffic_is_good(self, baking: Baking) -> None:
        run = baking(Logs([], log("green", [200] * 40)))
        began = run.clock.monotonic()
        watch.bake(run)
        assert run.verdict == "good: 0 of 40 failed"
        assert seen(run) == ["good: 0 of 40 failed"]
        assert 30 <= run.clock.monotonic() - began < 31

    def test_no_traffic_is_no_verdict(self, baking: Baking) -> None:
        run = baking(Logs([], []))
        watch.bake(run)
        assert run.verdict == "no verdict: 0 requests, 20 are needed"

    def test_too_many_failures_end_it_at_once(self, baking: Baking) -> None:
        run = baking(Logs(log("blue", [200] * 50), log("green", [200] * 5 + [500] * 5)))
        began = run.clock.monotonic()
        with pytest.raises(FailedAfterSwitch) as failed:
            watch.bake(run)
        assert "5 of 10 failed, 50.0 %, allowed are 1 %" in failed.value.error
        assert run.verdict == "bad: 5 of 10 failed, 50.0 %, allowed are 1 %"
        assert run.clock.monotonic() - began <= watch.BAKE_EVERY_S

    def test_failures_of_the_last_moment_count(self, baking: Baking) -> None:
        run = baking(Logs([], log("green", [500] * 5)), bake={"for_s": 0.1})
        with pytest.raises(FailedAfterSwitch, match="5 of 5 failed"):
            watch.bake(run)

    def test_what_was_as_bad_before_is_not_worse(self, baking: Baking) -> None:
        run = baking(Logs(log("blue", [500] * 50), log("green", [200] * 5 + [500] * 20)))
        watch.bake(run)
        assert run.verdict == "no worse than before: 20 of 25 failed"

    def test_what_did_not_answer_before_is_no_measure(self, baking: Baking) -> None:
        run = baking(Logs(log("blue", [500] * 50), log("green", [200] * 5 + [500] * 5)))
        run.plan = replace(run.plan, fallback=False)
        with pytest.raises(FailedAfterSwitch, match="5 of 10 failed"):
            watch.bake(run)

    def test_before_is_the_minute_before_the_switch(self, baking: Baking) -> None:
        engine = Logs([], log("green", [500] * 9))
        with pytest.raises(FailedAfterSwitch):
            watch.bake(baking(engine))
        spans = [(how.get("since"), how.get("until")) for _, how in engine.logs_asked]
        assert spans == [(5000.0, None), (4940.0, 5000.0)]

    def test_failures_of_the_old_colour_do_not_count(self, baking: Baking) -> None:
        run = baking(Logs([], log("blue", [500] * 50) + log("green", [200] * 20)))
        watch.bake(run)
        assert run.verdict == "good: 0 of 20 failed"

    def test_after_a_restart_of_the_gateway_it_reads_on(self, baking: Baking) -> None:
        first, second = log("green", [200] * 15), log("green", [200] * 10, first_at=5100.0)
        engine = Logs([], first, second)
        run = baking(engine)
        watch.bake(run)
        assert run.verdict == "good: 0 of 25 failed"
        assert engine.followed()[0] == 5000.0
        assert engine.followed()[1] > 5015.0

    def test_a_log_that_cannot_be_read_to_the_end_is_no_verdict(self, baking: Baking) -> None:
        class Unreadable(Logs):
            def _follow(self) -> Iterator[bytes]:
                if len(self.followed()) > 1:
                    self.all_read.set()
                raise APIError("configured logging driver does not support reading")

        run = baking(Unreadable([]), bake={"for_s": 5})
        watch.bake(run)
        assert run.verdict == "no verdict: the gateway's log could not be read (APIError)"

    @pytest.mark.parametrize("changes", [{"running": False}, {"restarts": 1}])
    def test_a_restart_ends_it_with_the_log(self, baking: Baking, changes: dict[str, Any]) -> None:
        run = baking(Logs([], [], containers=[green(**changes)]))
        with pytest.raises(FailedAfterSwitch) as failed:
            watch.bake(run)
        assert "api-green-app-1 exited or restarted" in failed.value.error
        assert failed.value.error.endswith("the last line")
        assert "\n" not in run.verdict

    def test_a_restart_long_ago_of_what_is_warm_is_no_reason(self, baking: Baking) -> None:
        warm = green(restarts=2)
        run = baking(Logs([], [], containers=[warm]))
        run.restarts_before = {warm.id: 2}
        watch.bake(run)
        assert run.verdict.startswith("no verdict")

    def test_readiness_may_miss_two_beats(self, baking: Baking) -> None:
        traffic = Traffic(probes=[BUSY, BUSY, WELL, BUSY, BUSY, WELL])
        run = baking(Logs([], []), traffic)
        watch.bake(run)
        assert run.verdict.startswith("no verdict")

    def test_three_in_a_row_are_no_accident(self, baking: Baking) -> None:
        traffic = Traffic(probes=[WELL, BUSY])
        with pytest.raises(FailedAfterSwitch, match=r"not ready any more at .*, 3 times in a row"):
            watch.bake(baking(Logs([], []), traffic))

    def test_each_replica_is_judged_by_itself(self, baking: Baking) -> None:
        probes = [WELL, replace(SECOND, status=503)] * 3
        with pytest.raises(FailedAfterSwitch, match=f"not ready any more at {SECOND.address}"):
            watch.bake(baking(Logs([], []), Traffic(probes=probes)))

    def test_nobody_bakes_without_a_guard(self, baking: Baking) -> None:
        run = baking(Logs([], []))
        assert isinstance(run.host, MemoryHost)
        run.host.line.say("ended bo@lab")
        with pytest.raises(GuardLost, match="ended by bo@lab"):
            watch.bake(run)

    def test_a_workers_failed_jobs_end_it(self, gateway: responses.RequestsMock) -> None:
        jobs = '{"consuming": true, "done": %d, "failed": %d}'
        told = [Said(body=jobs % (100, 9)), Said(body=jobs % (101, 9)), Said(body=jobs % (103, 19))]
        run = run_on(gateway, Traffic(probes=told), kind="worker")
        with pytest.raises(FailedAfterSwitch, match="10 of 13 failed"):
            watch.bake(run)


class TestCountingJobs:
    def watch(self, gateway: responses.RequestsMock, *said: Said) -> JobWatch:
        run = run_on(gateway, Traffic(probes=said), kind="worker")
        return JobWatch(run.gateway, run.plan.idle)

    def jobs(self, done: int, failed: int, number: int = 1) -> Said:
        body = f'{{"done": {done}, "failed": {failed}}}'
        return Said(address=builders.address("green", number), body=body)

    def test_what_was_done_before_the_bake_does_not_count(
        self, gateway: responses.RequestsMock
    ) -> None:
        counted = self.watch(gateway, self.jobs(100, 50), self.jobs(104, 51))
        assert counted.count(builders.plan().idle) == Tally(5, 1)

    def test_replicas_add_up_each_from_its_own_beginning(
        self, gateway: responses.RequestsMock
    ) -> None:
        counted = self.watch(
            gateway, self.jobs(10, 0), self.jobs(500, 5, 2), self.jobs(12, 1), self.jobs(501, 5, 2)
        )
        for _ in range(2):
            counted.count(builders.plan().idle)
        assert counted.count(builders.plan().idle) == Tally(4, 1)

    def test_an_answer_that_is_not_well_is_not_counted(
        self, gateway: responses.RequestsMock
    ) -> None:
        counted = self.watch(gateway, self.jobs(1, 0), replace(BUSY, body='{"failed": 99}'))
        assert counted.count(builders.plan().idle) == Tally()

    def test_a_worker_that_counts_nothing_has_no_verdict(
        self, gateway: responses.RequestsMock
    ) -> None:
        assert self.watch(gateway, WELL).count(builders.plan().idle) == Tally()


def test_a_worker_is_watched_by_its_jobs_and_the_rest_by_traffic(
    gateway: responses.RequestsMock,
) -> None:
    for kind, watched in (("worker", JobWatch), ("http", TrafficWatch)):
        run = run_on(gateway, Traffic(), kind=kind)
        made = watch_for(run.host, run.gateway, run.plan.target, run.plan.idle, 5000.0)
        assert type(made) is watched


def test_a_first_deploy_has_no_traffic_before() -> None:
    engine = Logs([], [])
    watched = TrafficWatch(MemoryHost(engine), "gateway", "api", 5000.0)
    assert watched.before(None) == Tally()
    assert [how.get("until") for _, how in engine.logs_asked] in ([], [None])
    watched.close()
    engine.over.set()
