"""A Jenkins double, ours to ask: through a socket, or without one where there are many runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests.structures
import yaml

from pyhelpers.config.secret import Secret
from pyhelpers.jobs.apply import apply
from pyhelpers.jobs.connection import Answer, Connection, Settings
from pyhelpers.jobs.loading import Jobs, parse
from pyhelpers.jobs.looking import Outlook, look, look_for_unwanted
from pyhelpers.jobs.server import Jenkins
from tests.unit.jobs.jenkins_double import JenkinsDouble, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyhelpers.steps import Step

CASES = Path(__file__).parents[2] / "cases" / "jobs"
FULL: dict[str, Any] = yaml.safe_load((CASES / "full.yml").read_text(encoding="utf-8"))
CREDENTIALS = {"git-ssh", "webhook-token", "another"}


class DirectConnection(Connection):
    """To the double without a socket."""

    def __init__(self, double: JenkinsDouble) -> None:
        super().__init__(settings("http://jenkins.example"))
        self._double = double
        self._cookie = ""

    def _send(
        self,
        method: str,
        path: str,
        what: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        self.requests += 1
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        sent |= {"authorization": "Basic YWRtaW46Z2VoZWlt", "cookie": self._cookie}
        reply = self._double.answer(Request(method, path, sent, body.decode()))
        self._cookie = reply.headers.get("Set-Cookie", self._cookie)
        told = requests.structures.CaseInsensitiveDict(reply.headers)
        return Answer(reply.status, told, reply.body.encode())


class NoView:
    """Nobody watches."""

    def begin(self, step: Step) -> None: ...

    def end(self, step: Step, seconds: float) -> None: ...

    def fail(self, step: Step, seconds: float) -> None: ...


def settings(url: str, login: str = "admin:geheim", deadline_s: float = 5.0) -> Settings:
    user, _, password = login.partition(":")
    return Settings(url, user, Secret(password), deadline_s)


def jenkins_of(double: JenkinsDouble) -> Jenkins:
    return Jenkins(DirectConnection(double))


def fresh_double() -> JenkinsDouble:
    double = JenkinsDouble()
    double.credentials[""] = set(CREDENTIALS)
    return double


def jobs_of(data: Mapping[str, Any]) -> Jobs:
    """JSON is YAML, and has no anchors for what is there twice."""
    return parse({"jobs/all.yml": json.dumps(data, ensure_ascii=False, indent=1)}, {}, [])


def brought(jenkins: Jenkins, jobs: Jobs, adopt: Sequence[str] = ()) -> Outlook:
    outlook = look(jenkins, jobs, adopt)
    apply(jenkins, outlook, NoView())
    return outlook


def pruned(jenkins: Jenkins, jobs: Jobs, *, delete: bool = False) -> Outlook:
    outlook = look_for_unwanted(jenkins, jobs, delete=delete)
    apply(jenkins, outlook, NoView())
    return outlook
