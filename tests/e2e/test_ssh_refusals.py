"""What can be wrong with the way to a host: its own words, exit code 4, and no long waiting."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import yaml

from pyhelpers.hosts.ssh.authentication import AUTHENTICATION_S
from pyhelpers.hosts.ssh.connect import CONNECT_S

from .ssh_servers import add_bare, known_hosts_line, servers
from .town import Said, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.installation import Finished
    from bench.server import Server
    from bench.servers import Servers

pytestmark = pytest.mark.e2e
# Nothing here waits but for a deadline: to connect, and to be let in. The rest of it is the start
# of Python on a busy machine.
SOON_S = CONNECT_S + AUTHENTICATION_S


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("ssh") / "servers", tags) as remote:
        add_bare(remote, "a5")
        add_bare(remote, "bare", "--env", "SERVER_ENGINE=no")
        remote.add("api", host="a5")
        remote.top["registry"] = {"address": "127.0.0.1:5000", "reach": "none"}
        yield remote


@pytest.fixture
def a5(remote: Servers) -> Server:
    return remote.servers["a5"]


@contextmanager
def host_says(
    remote: Servers, name: str = "a5", service: str = "api", **settings: str | None
) -> Iterator[None]:
    """protostar.yml with other words about a host. None leaves a key out."""
    document = yaml.safe_load(remote.file.read_text())
    host = {**document["hosts"][name], **settings}
    document["hosts"][name] = {key: value for key, value in host.items() if value is not None}
    document["services"][service]["host"] = name
    before = remote.file.read_text()
    remote.file.write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        yield
    finally:
        remote.file.write_text(before)


def refused(remote: Servers, env: dict[str, str] | None = None) -> Said:
    """What `run` says."""
    return words(remote.deploy("run", "api", "v1", env=env), within_s=SOON_S)


def words(done: Finished, within_s: float) -> Said:
    assert done.code == 4, (done.code, done.out, done.err)
    assert done.seconds < within_s
    assert done.err.startswith("Error: "), "three lines, and nothing before them"
    three = said(done)
    assert three.state == "nothing was changed"
    return three


def config(remote: Servers, text: str) -> dict[str, str]:
    path = remote.folder / "ssh_config"
    path.write_text(text)
    return {"PROTOSTAR_SSH_CONFIG": str(path)}


# --- keys -------------------------------------------------------------------------------------


def test_a_wrong_key(remote: Servers, a5: Server, tmp_path: Path) -> None:
    key = tmp_path / "other"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(argv, check=True, timeout=20)
    env = {"PROTOSTAR_SSH_KEY": str(key), "HOME": str(tmp_path), "SSH_AUTH_SOCK": ""}
    three = refused(remote, env)
    assert three.error == f"deploy@{a5.address} refused {key}"
    assert three.try_ == f"ssh -v -p 22 deploy@{a5.address} true"


def test_no_key(remote: Servers, a5: Server, tmp_path: Path) -> None:
    env = {"PROTOSTAR_SSH_KEY": "", "HOME": str(tmp_path), "SSH_AUTH_SOCK": ""}
    assert refused(remote, env).error == f"deploy@{a5.address} was offered no key"


def test_a_wrong_user(remote: Servers, a5: Server, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "SSH_AUTH_SOCK": ""}
    with host_says(remote, ssh=f"stranger@{a5.address}"):
        three = refused(remote, env)
    assert three.error == f"stranger@{a5.address} refused {remote.key}"
    assert three.try_ == f"ssh -v -p 22 stranger@{a5.address} true"


def test_a_host_key_that_is_not_known(remote: Servers, a5: Server, tmp_path: Path) -> None:
    known = tmp_path / "known"
    env = config(remote, f"Host *\n  UserKnownHostsFile {known}\n")
    with host_says(remote, host_key=None):
        three = refused(remote, env)
    # Which of its keys it shows is its choice as long as none is known.
    shown = re.fullmatch(rf"{a5.address} is not known yet; it shows (SHA256:\S+)", three.error)
    assert shown
    assert shown[1] in a5.sh("for key in /etc/ssh/ssh_host_*.pub; do ssh-keygen -lf $key; done")
    assert three.try_.startswith("ssh-keyscan -t ")
    assert three.try_.endswith(f"then put the line into {known}")
    assert not known.exists(), "nothing is learned by itself"


def test_the_command_of_the_error_shows_the_key_and_its_line_opens_the_door(
    remote: Servers, a5: Server, tmp_path: Path
) -> None:
    known = tmp_path / "known"
    env = config(remote, f"Host *\n  UserKnownHostsFile {known}\n")
    with host_says(remote, host_key=None):
        three = refused(remote, env)
        look = three.try_.split(", compare")[0]
        seen = subprocess.run(["sh", "-c", look], capture_output=True, text=True, check=True)
        assert three.error.split()[-1] in seen.stdout
        scan = look.split(" | ")[0]
        line = subprocess.run(["sh", "-c", scan], capture_output=True, text=True, check=True)
        known.write_text(line.stdout)
        # It is about the gateway now: the line stands.
        assert "is not known" not in remote.deploy("status", "api", env=env).err


def test_a_host_key_that_has_changed(remote: Servers, a5: Server, tmp_path: Path) -> None:
    known = tmp_path / "known"
    other = known_hosts_line(remote.servers["bare"]).split()[1:]
    known.write_text(" ".join([a5.address, *other]) + "\n")
    env = config(remote, f"Host *\n  UserKnownHostsFile {known}\n")
    with host_says(remote, host_key=None):
        three = refused(remote, env)
    was = remote.servers["bare"].fingerprint
    assert three.error == f"{a5.address} has changed its key: {a5.fingerprint}, known is {was}"
    assert "ssh-keyscan -t ed25519" in three.try_


def test_a_host_key_that_is_not_the_pinned_one(remote: Servers, a5: Server) -> None:
    pin = remote.servers["bare"].fingerprint
    with host_says(remote, host_key=pin):
        three = refused(remote)
    assert re.fullmatch(
        rf"{a5.address} shows SHA256:\S+, protostar.yml says {re.escape(pin)}", three.error
    )


# --- ways -------------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve(remote: Servers) -> None:
    with host_says(remote, ssh="deploy@no-such-host.invalid"):
        three = refused(remote)
    assert three.error == "the name no-such-host.invalid does not resolve"
    assert three.try_ == "getent hosts no-such-host.invalid"


def test_nobody_listens(remote: Servers, a5: Server) -> None:
    with host_says(remote, ssh=f"deploy@{a5.address}:2222"):
        three = refused(remote)
    assert three.error == f"deploy@{a5.address}:2222: nobody listens on port 2222"
    assert three.try_ == f"ssh -v -p 2222 deploy@{a5.address} true"


@contextmanager
def listening(words: bytes) -> Iterator[str]:
    """A small server that says `words` to whoever comes, and nothing more. Its user@host:port."""
    held: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                held.append(listener.accept()[0])
                held[-1].sendall(words)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"deploy@127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        for sock in (listener, *held):
            sock.close()
        thread.join(5)


def test_a_banner_instead_of_ssh(remote: Servers) -> None:
    with listening(b"220 mail.example ESMTP ready\r\n") as place, host_says(remote, ssh=place):
        three = refused(remote)
    assert three.error == f"{place} something answers that is not SSH"


def test_silence_of_two_kinds(remote: Servers, a5: Server) -> None:
    """A server that accepts and never answers, and one that every packet to is lost; at once."""
    remote.add("web", host="bare")
    a5.drop_ssh()
    try:
        with listening(b"") as place, host_says(remote, "bare", service="web", ssh=place):
            with ThreadPoolExecutor() as pool:
                mute = pool.submit(remote.deploy, "run", "web", "v1")
                lost = words(remote.deploy("run", "api", "v1"), CONNECT_S + SOON_S)
            heard = words(mute.result(), CONNECT_S + SOON_S)
    finally:
        a5.let_ssh()
    assert heard.error == f"{place} accepts, and says nothing within {CONNECT_S:g} s"
    assert lost.error == f"deploy@{a5.address} did not answer within {CONNECT_S:g} s"
    assert lost.try_ == f"ssh -v -p 22 deploy@{a5.address} true"


def test_every_command_that_needs_the_host_is_refused_alike(remote: Servers) -> None:
    with host_says(remote, ssh="deploy@no-such-host.invalid"), ThreadPoolExecutor(2) as pool:
        commands = ("status api", "plan api v1", "rollback api", "history api")
        found = list(pool.map(lambda command: remote.deploy(*command.split()), commands))
    # Those that ask several hosts say which of them.
    errors = {words(done, SOON_S).error.removeprefix("a5: ") for done in found}
    assert errors == {"the name no-such-host.invalid does not resolve"}


def test_as_json(remote: Servers) -> None:
    with host_says(remote, ssh="deploy@no-such-host.invalid"):
        done = remote.deploy("run", "api", "v1", "--json")
    assert done.told == {
        "error": "the name no-such-host.invalid does not resolve",
        "state": "nothing was changed",
        "try": "getent hosts no-such-host.invalid",
        "exit_code": 4,
    }


# --- what the host allows ---------------------------------------------------------------------


def test_a_user_without_the_right_to_the_engine(remote: Servers, a5: Server) -> None:
    a5.sh(
        "useradd --create-home --shell /bin/bash ann && "
        "cp -r /home/deploy/.ssh /home/ann/ && chown -R ann: /home/ann/.ssh"
    )
    with host_says(remote, ssh=f"ann@{a5.address}"):
        three = refused(remote)
    assert three.error == "ann@a5 has no right to the engine there"
    assert three.try_ == "sudo usermod -aG docker ann, on that host"


def test_a_host_whose_engine_is_down(remote: Servers) -> None:
    with host_says(remote, "bare"):
        three = refused(remote)
    assert three.error == "bare: the engine does not run there"
    assert three.try_ == "systemctl start docker, on that host"


def test_an_sshd_without_sftp(remote: Servers, a5: Server) -> None:
    a5.sh("sed -i.was '/^Subsystem/d' /etc/ssh/sshd_config && kill -HUP $(cat /run/sshd.pid)")
    try:
        three = refused(remote)
    finally:
        a5.sh("mv /etc/ssh/sshd_config.was /etc/ssh/sshd_config && kill -HUP $(cat /run/sshd.pid)")
        a5.wait_until_up()
    assert three.error == "a5: its sshd gives no SFTP"
    assert three.try_ == "grep -i sftp /etc/ssh/sshd_config, on that host"
