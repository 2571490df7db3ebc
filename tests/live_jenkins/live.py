"""A real Jenkins, and a folder of our own on it."""

from __future__ import annotations

import copy
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pyhelpers.jobs.answers import NotFound
from pyhelpers.jobs.connection import Connection
from pyhelpers.jobs.environment import settings
from pyhelpers.jobs.server import Jenkins
from tests.unit.jobs.world import CREDENTIALS, FULL, jobs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.jobs.loading import Jobs

STORE = "/credentials/store/system/domain/_"
SECRET_TEXT = """<?xml version='1.1' encoding='UTF-8'?>
<org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl>
  <scope>GLOBAL</scope><id>{id}</id><description>made by tests/live_jenkins</description>
  <secret>{secret}</secret>
</org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl>
"""
KINDS = ("folders", "pipelines", "multibranches")


@dataclass
class Live:
    """`folder` stands in for the folder `team` of tests/cases/jobs/full.yml."""

    jenkins: Jenkins
    folder: str = field(default_factory=lambda: f"protostar-live-{secrets.token_hex(3)}")
    made: list[str] = field(default_factory=list)

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Live:
        return cls(Jenkins(Connection(settings(environ, 30.0))))

    def make_credentials(self) -> None:
        for name in sorted(CREDENTIALS - (self.jenkins.credentials() or set())):
            xml = SECRET_TEXT.format(id=name, secret=secrets.token_hex(8))
            self.jenkins.connection.post(f"{STORE}/createCredentials", f"make {name}", xml)
            self.made.append(name)

    def remove(self) -> None:
        with suppress(NotFound):
            self.jenkins.delete(self.folder)
        for name in self.made:
            self.jenkins.connection.post(f"{STORE}/credential/{name}/doDelete", f"remove {name}")

    def build(self, path: str) -> None:
        """201, and no page to go on to."""
        answer = self.jenkins.connection._post(f"{path}/build", f"start {path}", "")
        assert answer.status == HTTPStatus.CREATED, answer

    # --- what is declared ---------------------------------------------------------------------

    def data(self, data: Mapping[str, Any] = FULL) -> dict[str, Any]:
        """The same declaration, in our folder and of an installation of our own."""
        ours: dict[str, Any] = {**copy.deepcopy(dict(data)), "installation": self.folder}
        for kind in KINDS:
            ours[kind] = {self.named(name): item for name, item in ours.get(kind, {}).items()}
        return ours

    def named(self, name: str) -> str:
        first, slash, rest = name.partition("/")
        return f"{self.folder}{slash}{rest}" if first == "team" else name

    def jobs(self, data: Mapping[str, Any] = FULL) -> Jobs:
        return jobs_of(self.data(data))
