"""A bare Debian server → one that the deployer's key can deploy to, and can do no more with."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import paramiko
import pytest

from docker import DockerClient
from pyhelpers.deploy.prepare.apply import apply, missing_steps
from pyhelpers.deploy.prepare.model import ServerFacts, Wanted
from pyhelpers.deploy.prepare.script import as_script
from pyhelpers.deploy.prepare.steps import steps
from pyhelpers.errors import PreflightError

from .server import ServerHost, address, start_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[[], ServerHost]

pytestmark = pytest.mark.e2e

ROOT = PurePosixPath("/srv/protostar")
GATEWAY_PORT = 8081


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerClient]:
    client = DockerClient.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def network(docker: DockerClient) -> Iterator[str]:
    label = {"org.protostar.test": "server"}
    made = docker.networks.create(f"protostar-server-{uuid.uuid4().hex[:8]}", labels=label)
    yield str(made.name)
    made.remove()


@pytest.fixture(scope="module")
def start(docker: DockerClient, network: str) -> Iterator[Start]:
    """Servers with an engine and sshd, and nobody who may deploy."""
    made = []

    def start_one() -> ServerHost:
        made.append(start_server(docker, network, {"SERVER_USER": ""}))
        host = ServerHost(made[-1], ROOT)
        host.await_engine()
        return host

    yield start_one
    for container in made:
        container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def key() -> paramiko.PKey:
    return paramiko.ECDSAKey.generate()


@pytest.fixture(scope="module")
def wanted(key: paramiko.PKey) -> Wanted:
    return Wanted("deploy", ROOT, f"{key.get_name()} {key.get_base64()} ann@desk", (GATEWAY_PORT,))


@pytest.fixture(scope="module")
def prepared(start: Start, wanted: Wanted) -> ServerHost:
    host = start()
    applied(host, wanted)
    return host


def applied(host: ServerHost, wanted: Wanted) -> dict[str, str]:
    shown: dict[str, str] = {}
    changed = apply(host.host, wanted, lambda state, step: shown.update({step.name: state}))
    assert changed == ("done" in shown.values())
    return shown


def connected(host: ServerHost, key: paramiko.PKey) -> paramiko.Transport:
    line = paramiko.Transport((address(host.container), 22))
    line.start_client(timeout=10)
    line.auth_publickey("deploy", key)
    return line


def said(line: paramiko.Transport, command: str) -> str:
    channel = line.open_session(timeout=10)
    channel.exec_command(command)
    return channel.makefile().read().decode().strip()


def test_prepared_once_it_is_ready_and_twice_changes_nothing(start: Start, wanted: Wanted) -> None:
    host = start()
    host.shell('echo \'{"dns": ["10.0.0.2"]}\' > /etc/docker/daemon.json')
    first = applied(host, wanted)
    assert first == {
        **dict.fromkeys(("user", "group", "key", "folders", "daemon.json", "sshd"), "done"),
        **dict.fromkeys(("engine", "logind"), "unchanged"),
    }
    before = host.shell("find /etc/docker /etc/ssh /home /srv -type f -printf '%p %C@\\n' | sort")
    assert set(applied(host, wanted).values()) == {"unchanged"}
    assert as_script("a5", missing_steps(host.host, wanted)) == "# a5: nothing to do"
    after = host.shell("find /etc/docker /etc/ssh /home /srv -type f -printf '%p %C@\\n' | sort")
    assert after == before
    assert host.shell("docker info --format '{{.LiveRestoreEnabled}}'") == "true"
    assert json.loads(host.shell("cat /etc/docker/daemon.json"))["dns"] == ["10.0.0.2"]
    assert host.shell("stat -c '%U %a' /srv/protostar /srv/protostar/live") == "\n".join(
        ["deploy 755"] * 2
    )


def test_the_key_can_deploy_and_can_do_no_more(prepared: ServerHost, key: paramiko.PKey) -> None:
    host = prepared
    line = connected(host, key)
    try:
        assert said(line, "id -un; docker info --format '{{.Driver}}'") == "deploy\noverlay2"
        sftp = paramiko.SFTPClient.from_transport(line)
        assert sftp is not None
        sftp.putfo(io.BytesIO(b"1"), f"{ROOT}/format")
        # The images' way in: a port that the server chooses, through which it reaches us.
        port = line.request_port_forward("127.0.0.1", 0, answer_once)
        assert said(line, f"bash -c 'cat < /dev/tcp/127.0.0.1/{port}'") == "from the deployer"
        for elsewhere in ("0.0.0.0", ""):  # noqa: S104 - that it is refused is the statement
            with pytest.raises(paramiko.SSHException, match="denied"):
                line.request_port_forward(elsewhere, 0)
        # Nobody listens on the gateway's port: sshd tried, where it does not even try others.
        assert opened(line, GATEWAY_PORT) == paramiko.common.OPEN_FAILED_CONNECT_FAILED
        prohibited = paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        assert opened(line, 22) == prohibited
        with pytest.raises(paramiko.SSHException):
            line.open_session(timeout=10).get_pty()
    finally:
        line.close()


def answer_once(channel: paramiko.Channel, *_: object) -> None:
    channel.sendall(b"from the deployer\n")
    channel.close()


def opened(line: paramiko.Transport, port: int) -> int:
    with pytest.raises(paramiko.ChannelException) as refused:
        line.open_channel("direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 0), timeout=10)
    return refused.value.code


def test_sshd_notices_a_dead_line_of_the_deploy_user_and_leaves_others_as_they_were(
    prepared: ServerHost,
) -> None:
    def effective(user: str) -> str:
        asked = f"user={user},host=localhost,addr=127.0.0.1"
        return prepared.shell(f"sshd -T -C {asked} | grep clientaliveinterval")

    assert effective("deploy") == "clientaliveinterval 5"
    assert effective("ann") == "clientaliveinterval 0"


def test_the_printed_script_does_the_same_and_refuses_to_lose_a_daemon_json(
    start: Start, wanted: Wanted
) -> None:
    host = start()
    script = as_script("a5", missing_steps(host.host, wanted))
    ran = host.run(["sh"], deadline_s=120, stdin=script.encode())
    assert ran.ok, ran.err
    assert [step.name for step in missing_steps(host.host, wanted) if not step.done] == []
    blind = as_script("a5", steps(ServerFacts(), wanted), unread="no answer")
    refused = host.run(["sh"], deadline_s=120, stdin=blind.encode())
    assert not refused.ok
    assert [step.name for step in missing_steps(host.host, wanted) if not step.done] == []


def test_an_engine_that_has_work_is_not_restarted(start: Start, wanted: Wanted) -> None:
    host = start()
    host.load("protostar/base:trixie")
    host.shell("docker run --detach protostar/base:trixie sleep 300")
    pid = host.shell("cat /run/docker.pid")
    notes: list[str] = []
    apply(host.host, wanted, lambda _, step: notes.append(step.note))
    assert host.shell("cat /run/docker.pid") == pid
    assert host.shell("docker info --format '{{.LiveRestoreEnabled}}'") == "true"
    assert [note for note in notes if note.startswith("1 containers run, so the engine was not")]


def test_a_daemon_json_that_the_engine_refuses_is_never_put_in_place(
    start: Start, wanted: Wanted
) -> None:
    host = start()
    broken = '{"no-such-setting": true}'
    host.shell(f"echo '{broken}' > /etc/docker/daemon.json")
    with pytest.raises(PreflightError, match="no-such-setting") as failed:
        apply(host.host, wanted, lambda *_: None)
    assert failed.value.state.startswith("done: user, group, key, folders;")
    assert host.shell("cat /etc/docker/daemon.json") == broken
    assert host.shell("docker info --format '{{.LiveRestoreEnabled}}'") == "false"


def test_another_key_of_the_user_stays_and_ours_loses_what_it_had_too_much(
    prepared: ServerHost, wanted: Wanted
) -> None:
    host, ssh = prepared, "/home/deploy/.ssh"
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBC8AA5NDM9VgYE2BysTnv9dzIniIpm0oBv2ie+ELUu6 bob"
    lines = f"{wanted.key}\\n{other}\\n"
    host.shell(f"printf '{lines}' > {ssh}/authorized_keys; chown deploy {ssh}/authorized_keys")
    assert applied(host, wanted)["key"] == "done"
    kept, ours = host.shell(f"cat {ssh}/authorized_keys").splitlines()
    assert kept == other
    assert ours.startswith("restrict,")
