"""`script/bench jobs`: 200 jobs on a Jenkins double over a socket, how long a plan takes.

The double is the tests' own, in a process of its own; it answers at once, so this is the time of
the plan itself and of HTTP, without Jenkins's.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import statistics
import time
from typing import TYPE_CHECKING

from bench.output import BenchError, Figure, note
from pyhelpers.config.secret import Secret
from pyhelpers.jobs.apply import apply
from pyhelpers.jobs.connection import Connection, Settings
from pyhelpers.jobs.loading import parse
from pyhelpers.jobs.looking import look
from pyhelpers.jobs.server import Jenkins
from tests.unit.jobs.server_double import serving
from tests.unit.jobs.world import NoView, fresh_double

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection as Pipe

    from bench.output import Value
    from pyhelpers.jobs.loading import Jobs

ROUNDS = 5
JOBS = 200
FIGURES = (
    Figure("jobs", "pipelines, multibranches and folders, with all their options", least=JOBS),
    Figure("plan_s", "jobs/*.yml read, compared with all of them; the slowest", most=3),
    Figure("plan_s_median", "the same, median"),
    Figure("requests", "of such a plan, over one connection", most=205),
    Figure("writes_second_apply", "requests of a second apply that change something", most=0),
    Figure("lines_after_apply", "lines of a plan right after an apply", most=0),
)


def measure(rounds: int | None) -> dict[str, Value]:
    text = _written(declared())
    with _double() as url:
        jobs = _jobs(text)
        apply(_client(url), look(_client(url), jobs), NoView())
        note(f"{len(jobs.items)} items applied")
        second = _client(url)
        apply(second, look(second, jobs), NoView())
        plans = [_plan(url, text) for _ in range(rounds or ROUNDS)]
    return {
        "jobs": len(jobs.items),
        "plan_s": max(seconds for seconds, _, _ in plans),
        "plan_s_median": statistics.median(seconds for seconds, _, _ in plans),
        "requests": max(requests for _, requests, _ in plans),
        "writes_second_apply": second.connection.writes,
        "lines_after_apply": sum(lines for _, _, lines in plans),
    }


def _plan(url: str, text: str) -> tuple[float, int, int]:
    """Seconds, requests, lines."""
    began_s = time.monotonic()
    jenkins = _client(url)
    actions = look(jenkins, _jobs(text)).plan.actions
    seconds = time.monotonic() - began_s
    return seconds, jenkins.connection.requests, sum(1 + len(each.lines) for each in actions)


def declared() -> dict[str, object]:
    """Ten teams: a folder, 18 pipelines and a multibranch each."""
    webhook = {"token": "webhook-token", "matches": "^refs/heads/main$"}
    pipeline = {
        "description": "Builds and deploys it.",
        "scm": {"url": "git@centre.lan:shop/app.git", "credentials": "git-ssh"},
        "parameters": {"VERSION": {}, "TARGET": {"kind": "choice", "choices": ["a5", "b5"]}},
        "triggers": {"cron": "H 3 * * *", "webhook": webhook},
        "keep": {"builds": 30, "days": 90},
    }
    source = {"url": "git@centre.lan:shop/web.git", "credentials": "git-ssh", "include": "main"}
    teams = [f"team-{number}" for number in range(10)]
    return {
        "installation": "shop",
        "folders": {team: {"description": f"Of {team}."} for team in teams},
        "pipelines": {f"{team}/app-{n}": pipeline for team in teams for n in range(18)},
        "multibranches": {f"{team}/web": {"scm": source} for team in teams},
    }


def _written(data: dict[str, object]) -> str:
    """JSON is YAML, and has no anchors for what is there twice, which the reader refuses."""
    return json.dumps(data, indent=1)


def _jobs(text: str) -> Jobs:
    return parse({"jobs/all.yml": text}, {}, [])


def _client(url: str) -> Jenkins:
    return Jenkins(Connection(Settings(url, "admin", Secret("geheim"))))


@contextlib.contextmanager
def _double() -> Iterator[str]:
    """In a process of its own: in ours it would take turns with what is measured."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,))
    process.start()
    try:
        if not here.poll(60):
            raise BenchError("the Jenkins double did not start")
        yield str(here.recv())
    finally:
        here.send("end")
        process.join(10)


def _serve(pipe: Pipe) -> None:
    double = fresh_double()
    with serving(double) as server:
        pipe.send(server.url)
        pipe.recv()
