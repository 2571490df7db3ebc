"""Whole runs over a socket, broken at every request in every way: the same command mends it."""

from __future__ import annotations

import re
import signal
import threading
from typing import TYPE_CHECKING, Any, get_args

import pytest

from pyhelpers.errors import NOTHING_CHANGED, Exit, Interrupted, ProtostarError
from pyhelpers.jobs.apply import apply
from pyhelpers.jobs.connection import Connection
from pyhelpers.jobs.looking import look
from pyhelpers.jobs.server import Jenkins
from tests.unit.jobs.server_double import LONG_BYTES, Fault, ServerDouble, serving
from tests.unit.jobs.world import (
    FULL,
    NoView,
    brought,
    fresh_double,
    jenkins_of,
    jobs_of,
    pruned,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyhelpers.steps import Step
    from tests.unit.jobs.jenkins_double import JenkinsDouble

JOBS = jobs_of(FULL)
FAULTS: tuple[Fault, ...] = get_args(Fault)
# The list, plug-ins, credentials, the crumb; then two for each of the six items.
REQUESTS = 4 + 2 * 6
DEADLINE_S = 0.2


def client(server: ServerDouble, deadline_s: float = DEADLINE_S) -> Jenkins:
    return Jenkins(Connection(settings(server.url, deadline_s=deadline_s)))


def state(double: JenkinsDouble) -> tuple[dict[str, str], dict[str, set[str]]]:
    held = {folder: set(ids) for folder, ids in double.credentials.items()}
    return {name: item.xml for name, item in double.items.items()}, held


def test_a_run_needs_no_more_requests_than_said() -> None:
    with serving(fresh_double()) as server:
        brought(client(server, 5), JOBS)
        assert server.requests == REQUESTS
        assert server.connections == 1


# --- broken everywhere ---------------------------------------------------------------------------

PLAIN = {"scm": {"url": "git@h:a.git", "credentials": "git-ssh"}}
SMALL: dict[str, Any] = {
    "installation": "shop",
    "folders": {"team": {}},
    "pipelines": {"team/api": PLAIN},
    "multibranches": {"team/web": PLAIN},
}
LESS: dict[str, Any] = {
    "installation": "shop",
    "pipelines": {"new": PLAIN, "kept": {**PLAIN, "script": "ci/Jenkinsfile"}},
}
KEPT: dict[str, Any] = {**SMALL, "pipelines": {"team/api": PLAIN, "kept": PLAIN}}


def nothing_yet() -> JenkinsDouble:
    return fresh_double()


def more_than_wanted() -> JenkinsDouble:
    double = fresh_double()
    brought(jenkins_of(double), jobs_of(KEPT))
    return double


def create(jenkins: Jenkins) -> None:
    """A folder, a pipeline, a multibranch."""
    brought(jenkins, jobs_of(SMALL))


def change(jenkins: Jenkins) -> None:
    """Create one, update one; disable two, then delete them and their folder."""
    brought(jenkins, jobs_of(LESS))
    pruned(jenkins, jobs_of(LESS))
    pruned(jenkins, jobs_of(LESS), delete=True)


def holds_one() -> JenkinsDouble:
    double = fresh_double()
    brought(jenkins_of(double), jobs_of({"installation": "shop", "folders": {"team": {}}}))
    double.credentials["team"] = {"theirs"}
    return double


def hold(jenkins: Jenkins) -> None:
    """Change a folder, which keeps what it holds, and give it one more."""
    credential = {"kind": "text", "from_file": "HERE"}
    folder = {"description": "Ours", "credentials": {"ours": credential}}
    jobs = jobs_of({"installation": "shop", "folders": {"team": folder}})
    apply(jenkins, look(jenkins, jobs, environ={"HERE": __file__}), NoView())


RUNS: dict[Callable[[Jenkins], None], Callable[[], JenkinsDouble]] = {
    create: nothing_yet,
    change: more_than_wanted,
    hold: holds_one,
}


def cases() -> Iterator[tuple[Callable[[Jenkins], None], int]]:
    """Each request of each run."""
    for run, before in RUNS.items():
        jenkins = jenkins_of(before())
        run(jenkins)
        yield from ((run, number) for number in range(1, jenkins.connection.requests + 1))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("run", "number"), list(cases()))
def test_the_same_command_mends_what_broke(
    run: Callable[[Jenkins], None], number: int, fault: Fault
) -> None:
    whole, double = RUNS[run](), RUNS[run]()
    run(jenkins_of(whole))
    with serving(double) as server:
        server.faults[number] = fault
        before = state(double)
        stopped = ended(run, client(server, 0.1))
        if stopped is not None:
            check_words(stopped)
            assert stopped.state != NOTHING_CHANGED or run is change or state(double) == before
    run(jenkins_of(double))
    assert state(double) == state(whole)
    double.log.clear()
    run(jenkins_of(double))
    assert double.writes == []


def test_the_runs_make_every_kind_of_change() -> None:
    sent = []
    for run, before in RUNS.items():
        double = before()
        double.log.clear()
        run(jenkins_of(double))
        sent += [path.partition("?")[0].rpartition("/")[2] for _, path in double.writes]
    assert set(sent) == {"createItem", "config.xml", "disable", "doDelete", "createCredentials"}


def ended(run: Callable[[Jenkins], None], jenkins: Jenkins) -> ProtostarError | None:
    """How a run ended; None: as if nothing had been."""
    try:
        run(jenkins)
    except ProtostarError as stopped:
        return stopped
    return None


def check_words(stopped: ProtostarError) -> None:
    assert stopped.error.startswith(("cannot ", "Jenkins did not keep"))
    assert stopped.try_
    if stopped.exit_code is Exit.PREFLIGHT:
        assert stopped.state == NOTHING_CHANGED
    else:
        assert stopped.exit_code is Exit.FAILED_BEFORE_SWITCH
        assert re.fullmatch(
            r"[0-9] of [1-9] done(, \S+ perhaps)?; the same command goes on", stopped.state
        )


# --- words ---------------------------------------------------------------------------------------

WORDS: dict[Fault, str] = {
    "401": "Jenkins does not know this user, or the token is not its (401)",
    "403": "this user may not, or is not signed in (403)",
    "404": "there is none, or this user may not see it (404)",
    "500": "Jenkins failed at it (500); its own log says why",
    "503": "Jenkins is starting, restarting or going down (503)",
    "silence": "no whole answer within 0.2 s",
    "trickle": "no whole answer within 0.2 s",
    "cut": "closed the connection",
    "half": "closed the connection",
}


@pytest.mark.parametrize("fault", WORDS)
def test_each_failure_has_its_own_words(fault: Fault) -> None:
    with serving(fresh_double()) as server:
        # A cut answer to a question is asked for once more.
        server.faults |= {1: fault, 2: fault}
        with pytest.raises(ProtostarError) as refused:
            look(client(server), JOBS)
    assert refused.value.error.startswith("cannot list the items: ")
    assert WORDS[fault] in refused.value.error
    assert refused.value.state == "nothing was changed"
    assert refused.value.exit_code is Exit.PREFLIGHT
    assert "geheim" not in str(refused.value)


def test_a_long_answer_comes_packed_and_in_chunks() -> None:
    double = fresh_double()
    brought(jenkins_of(double), JOBS)
    for number in range(200):
        double.foreign(f"theirs-{number}", "x" * 500)
    with serving(double) as server:
        jenkins = client(server, 5)
        assert len(jenkins.items()) == 206
        body = jenkins.connection.get("/job/team/job/full/config.xml", "read it")
        assert len(body) > LONG_BYTES
        assert body.decode() == double.items["team/full"].xml


def test_a_question_that_was_cut_is_asked_once_more() -> None:
    with serving(fresh_double()) as server:
        server.faults[1] = "cut"
        assert client(server, 5).items() == {}
        assert server.requests == 2


def test_a_change_that_was_cut_is_not_sent_again_by_itself() -> None:
    double = fresh_double()
    with serving(double) as server:
        server.faults[5] = "cut after"
        with pytest.raises(ProtostarError) as stopped:
            brought(client(server, 5), JOBS)
    assert double.writes == [("POST", "/createItem?name=team")]
    assert stopped.value.state == "0 of 6 done, team perhaps; the same command goes on"
    assert stopped.value.exit_code is Exit.FAILED_BEFORE_SWITCH


def test_a_crumb_that_expires_on_the_way_is_fetched_anew() -> None:
    double = fresh_double()
    with serving(double) as server:
        server.faults |= {7: "crumb", 12: "crumb"}
        brought(client(server, 5), JOBS)
    assert set(double.items) == set(jobs_of(FULL).items)
    assert double.crumb == 3


def test_a_jenkins_without_crumbs_gets_none() -> None:
    double = fresh_double()
    double.has_crumbs = False
    with serving(double) as server:
        brought(client(server, 5), JOBS)
    assert set(double.items) == set(jobs_of(FULL).items)


def test_a_port_where_nobody_listens() -> None:
    with serving(fresh_double()) as server:
        url = server.url
    with pytest.raises(ProtostarError) as refused:
        Jenkins(Connection(settings(url))).items()
    assert refused.value.error == (
        f"cannot list the items: nothing answers at {url.removeprefix('http://')}"
    )


def test_a_signal_in_the_middle_says_what_was_done() -> None:
    class Impatient(NoView):
        def begin(self, step: Step) -> None:
            if step.what == "team/plain":
                signal.raise_signal(signal.SIGINT)

    double = fresh_double()
    jenkins = jenkins_of(double)
    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(Interrupted) as stopped:
        apply(jenkins, look(jenkins, JOBS), Impatient())
    assert stopped.value.state.endswith("of 6 done, team/plain perhaps")
    assert stopped.value.exit_code is Exit.INTERRUPTED
    brought(jenkins, JOBS)
    assert set(double.items) == set(jobs_of(FULL).items)
