"""Secrets are planted, a service is deployed in good and bad ways, and everything is searched.

Where they may be: in the environment of the deployer, and in the release's own env file.
"""

from __future__ import annotations

import re
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
import yaml

from bench.server import ROOT

from .listening import listening
from .ssh_servers import LOG, VERBOSE, servers
from .town import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.installation import Finished
    from bench.remote import Remote
    from bench.server import Server

pytestmark = pytest.mark.e2e
TOKEN, PHRASE, VALUE = "t0ken-of-the-hook", "phrase-of-the-key", "value-of-the-env-file"  # noqa: S105 - made up
CANARY = "argument-to-be-seen"
# Everything that ran: a fork that lives for a few milliseconds is seen too.
SAMPLE = (
    "while [ ! -e /tmp/over ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; done "
    ">/tmp/seen; rm /tmp/over"
)


@dataclass
class Watch:
    """The arguments of every process on both sides, looked at without a pause."""

    server: Server
    here: set[bytes] = field(default_factory=set)
    there: str = ""
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        looks = (self._look_here, lambda: self.server.sh(SAMPLE))
        self._threads = [threading.Thread(target=look) for look in looks]
        for thread in self._threads:
            thread.start()
        return self

    def _look_here(self) -> None:
        while not self._over.wait(0.005):
            for each in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.here.add(each.read_bytes())
                except OSError:
                    continue

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.server.run("touch", "/tmp/over")  # noqa: S108 - in a server of its own
        for thread in self._threads:
            thread.join()
        self.there = self.server.run("cat", "/tmp/seen")  # noqa: S108 - as above


@dataclass
class Story:
    """What was typed, what came of it, and who saw what meanwhile."""

    remote: Remote
    secrets: dict[str, str]
    watch: Watch
    told: dict[str, Finished] = field(default_factory=dict)

    @property
    def server(self) -> Server:
        return self.remote.servers["a5"]

    def type(self, *command: str, name: str = "", **env: str) -> Finished:
        given = {"PROTOSTAR_SSH_PASSPHRASE": PHRASE, **env}
        done = self.remote.deploy(*command, env=given)
        self.told[name or " ".join(command)] = done
        return done

    def found_in(self, text: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in text]


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Remote]:
    with servers(tmp_path_factory.mktemp("ssh") / "servers", tags) as remote:
        images = [f"protostar-example/app:v{version}" for version in (1, 2, 3)]
        server = remote.add_server("a5", images=tuple(images))
        # The ninth session at once would be refused.
        server.sh("echo MaxSessions 8 >/etc/ssh/sshd_config.d/sessions.conf")
        server.sh(VERBOSE)
        environment = {"READY_AFTER_S": "0.2"}
        settings = {**QUICK, "ready": {"timeout_s": 3}}
        remote.add("api", host="a5", route="/", environment=environment, **settings)
        remote.top["registry"] = {"address": "127.0.0.1:5000", "reach": "none"}
        remote.top["notify"] = {"webhook": "${NOTIFY_URL}"}
        remote.write()
        with_env_file(remote)
        remote.start_gateways()
        yield remote


def with_env_file(remote: Remote) -> None:
    compose = remote.folder / "api.yml"
    document = yaml.safe_load(compose.read_text())
    document["services"]["app"]["env_file"] = ["api.env"]
    compose.write_text(yaml.safe_dump(document, sort_keys=False))
    (remote.folder / "api.env").write_text(f"DATABASE_PASSWORD={VALUE}\n")


@contextmanager
def typed(remote: Remote, heard: list[dict[str, object]]) -> Iterator[Story]:
    """The story goes on while both sides are watched."""
    plain = remote.key.read_text().splitlines()[2]
    lock(remote.key)
    secrets = {
        "webhook": TOKEN,
        "passphrase": PHRASE,
        "env file": VALUE,
        "key": plain,
        "locked key": remote.key.read_text().splitlines()[2],
    }
    with listening({}) as hook, Watch(remote.servers["a5"]) as watch:
        story = Story(remote, secrets, watch)
        yield story
        heard.extend(hook.heard)


def lock(key: Path) -> None:
    argv = ["ssh-keygen", "-q", "-p", "-P", "", "-N", PHRASE, "-f", str(key)]
    subprocess.run(argv, check=True, timeout=20, stdout=subprocess.DEVNULL)
