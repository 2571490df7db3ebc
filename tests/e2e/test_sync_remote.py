"""Configuration sync over SSH: the same as here, and nothing half there when the line or the disk
gives out."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import requests

from bench.engine import CHECKOUT, completed
from bench.installation import Finished
from bench.load import LoadProcess, Options
from bench.remote import accepted
from bench.server import ROOT
from bench.servers import Servers
from bench.stack import commit, give_stack

from .ssh_servers import VERBOSE
from .test_servers import QUICK
from .town import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOST, NAME = "a5", "api"
LOG = "nginx/mixins/log.conf"


class Infra:
    """A checkout whose stack is the shipped gateway, and the one server that it is for."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.folder = servers.folder
        give_stack(servers, HOST)

    @property
    def server(self) -> Server:
        return self.servers.servers[HOST]

    def change(self, line: str) -> None:
        path = self.folder / LOG
        path.write_text(f"{path.read_text()}{line}\n")
        commit(self.folder)

    def sync(self, command: str, *arguments: str) -> Finished:
        began = time.monotonic()
        done = completed(self.argv(command, *arguments), self.servers.environment)
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def argv(self, command: str, *arguments: str) -> list[str]:
        module = [sys.executable, "-m", "pyhelpers.sync"]
        return [*module, command, HOST, *arguments, "-f", str(self.servers.file)]

    def loaded(self) -> str:
        """Which nginx files the gateway says that it has."""
        ask = 'exec 3<>/dev/tcp/127.0.0.1/8081; printf "GET /-/config HTTP/1.0\\r\\n\\r\\n" >&3; '
        return self.server.run("bash", "-c", f"{ask} tail -n1 <&3").strip()

    def current(self) -> str:
        return self.server.run("readlink", f"{ROOT}/config/current").strip()


@pytest.fixture(scope="module")
def infra(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Infra]:
    servers = Servers(tmp_path_factory.mktemp("sync") / "infra")
    tags.append(servers.tag)
    try:
        servers.add_server(HOST).sh(VERBOSE)
        servers.add(NAME, **{**QUICK, "hosts": [HOST]})
        made = Infra(servers)
        ends_well(made.sync("apply"))
        assert servers.deploy("run", NAME, "v1").code == 0
        yield made
    finally:
        servers.remove()


def ends_well(done: Finished) -> str:
    assert done.code == 0, (done.out, done.err)
    return done.out


def test_the_second_does_nothing_over_one_connection(infra: Infra) -> None:
    before = accepted(infra.server)
    assert "nothing to do" in ends_well(infra.sync("apply"))
    assert accepted(infra.server) == before + 1


def test_a_changed_gateway_loses_no_request(infra: Infra, tmp_path: Path) -> None:
    loaded = infra.loaded()
    url = infra.servers.url(HOST)
    with LoadProcess(Options(url, 60, keepalive=1.0, seconds=60), tmp_path) as load:
        time.sleep(1)
        infra.change("# another line")
        ends_well(infra.sync("apply"))
        time.sleep(1)
        result = load.stop()
    assert result.report.failed == 0, result.report.failed_by
    assert infra.loaded() not in ("", loaded)


@pytest.mark.parametrize("step", ["upload", "flip", "reload"])
def test_with_its_sshd_killed_at_a_step_the_same_again_converges(infra: Infra, step: str) -> None:
    infra.change(f"# cut at {step}")
    with subprocess.Popen(
        infra.argv("apply"),
        env={**os.environ, **infra.servers.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=CHECKOUT,
    ) as apply:
        assert apply.stdout is not None
        heard = next((line for line in apply.stdout if line.startswith(f"→ {step}")), "")
        infra.server.kill_sshd()
        apply.communicate(timeout=120)
    assert heard
    assert requests.get(infra.servers.url(HOST), timeout=5).ok
    ends_well(infra.sync("apply"))
    assert "nothing to do" in ends_well(infra.sync("apply"))
    digest = infra.server.run("cat", f"{ROOT}/config/current/nginx/digest.conf")
    assert infra.loaded() in digest


def test_a_full_disk_is_seen_before_anything_is_touched(infra: Infra) -> None:
    current, loaded = infra.current(), infra.loaded()
    config = f"{ROOT}/config"
    infra.change("# when the disk is full")
    small = "mount -t tmpfs -o size=4m,mode=755,uid=1000 tmpfs"
    infra.server.sh(
        f"cp -a {config} /tmp/config && {small} {config} && cp -a /tmp/config/. {config}/ && "
        f"! dd if=/dev/zero of={config}/filler status=none"
    )
    try:
        full = infra.sync("apply")
        assert full.code == 4, (full.out, full.err)
        assert "the disk of config/ is nearly full: 0 MiB are free" in said(full).error
        assert said(full).state == "nothing was changed"
        assert (infra.current(), infra.loaded()) == (current, loaded)
    finally:
        infra.server.sh(f"umount -l {config}")
    assert requests.get(infra.servers.url(HOST), timeout=5).ok
    ends_well(infra.sync("apply"))
