"""A host over a real sshd: commands, files, the engine, HTTP, ports; and what a cut leaves."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import paramiko
import pytest
import requests
from paramiko.common import cMSG_CHANNEL_DATA, cMSG_CHANNEL_EOF

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.deadline import DeadlinePassed
from pyhelpers.hosts.denied import Denied
from pyhelpers.hosts.protocol import ChannelClosed
from pyhelpers.hosts.ssh.address import Wanted
from pyhelpers.hosts.ssh.authentication import PASSPHRASE
from pyhelpers.hosts.ssh.channels import AT_MOST, LineCut
from pyhelpers.hosts.ssh.host import KEY, SSH_CONFIG, SshHost

from .colours import wait_until
from .ssh_servers import (
    NO_ENGINE,
    add_bare,
    cut_sessions,
    known_hosts_line,
    log_lines,
    logged,
    servers,
    ssh_host,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.server import Server
    from bench.servers import Servers
    from pyhelpers.hosts.protocol import Line

pytestmark = pytest.mark.e2e


def eof(channel: int) -> paramiko.Message:
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_EOF)
    message.add_int(channel)
    return message


def data(channel: int) -> paramiko.Message:
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_DATA)
    message.add_int(channel)
    message.add_string(b"late")
    return message


ROOM = PurePosixPath("/srv/protostar/test")
PHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("ssh") / "servers", tags) as remote:
        add_bare(remote, "a5")
        add_bare(remote, "jump", *NO_ENGINE)
        yield remote


@pytest.fixture(scope="module")
def a5(remote: Servers) -> Server:
    return remote.servers["a5"]


@pytest.fixture(autouse=True)
def our_keys_only(remote: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in remote.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.delenv(PASSPHRASE, raising=False)


@pytest.fixture
def host(a5: Server) -> Iterator[SshHost]:
    host = ssh_host(a5)
    yield host
    host.close()


def digest(server: Server, path: PurePosixPath) -> str:
    return server.run("sha256sum", str(path)).split()[0]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- commands ---------------------------------------------------------------------------------


def test_words_arrive_as_they_are_whatever_the_login_shell(host: SshHost) -> None:
    words = ["a b", "$HOME", "'", "`id`", "*", "한국어", "", "\n", "-n", "!!"]
    assert host.run(["printf", "%s|", *words], deadline_s=5).out == "|".join(words) + "|"


def test_status_and_both_outputs_come_back(host: SshHost) -> None:
    done = host.run(["sh", "-c", "echo out; echo err >&2; exit 3"], deadline_s=5)
    assert (done.status, done.out, done.err) == (3, "out\n", "err\n")


def test_a_command_that_a_signal_ends_has_a_status_and_is_no_cut(host: SshHost) -> None:
    done = host.run(["sh", "-c", "echo out; kill -9 $$"], deadline_s=5)
    assert (done.status, done.out, done.err) == (128 + 9, "out\n", "")


def test_five_megabytes_to_somebody_who_reads_nothing(host: SshHost) -> None:
    assert host.run(["true"], deadline_s=10, stdin=os.urandom(5_000_000)).ok


def test_five_megabytes_to_somebody_who_reads_all(host: SshHost) -> None:
    data = os.urandom(5_000_000)
    assert host.run(["sha256sum"], deadline_s=20, stdin=data).out.split()[0] == sha(data)


@pytest.mark.parametrize(
    "made", ["head -c 20000000 /dev/zero", "yes 0123456789 | head -c 20000000"]
)
def test_twenty_megabytes_of_output_come_whole(host: SshHost, made: str) -> None:
    """In time: what is done anew with every piece of a line would take minutes."""
    assert len(host.run(["sh", "-c", made], deadline_s=30).out) == 20_000_000


def test_what_is_left_running_does_not_hold_the_answer(host: SshHost) -> None:
    began = time.monotonic()
    assert host.run(["sh", "-c", "sleep 30 & echo said"], deadline_s=20).out == "said\n"
    assert time.monotonic() - began < 25, "it did not wait for those 30 s"


def test_a_missing_program_is_named_with_the_machine(host: SshHost) -> None:
    with pytest.raises(Unreachable) as failed:
        host.run(["no-such-program"], deadline_s=5)
    assert failed.value.error == f"`no-such-program` is not installed on {host.name}"


@pytest.mark.parametrize(
    "script", ["sleep 76543 & sleep 76543", 'trap "" TERM; while :; do sleep 0.76543; done']
)
def test_the_deadline_ends_the_command_on_the_host_too(
    host: SshHost, a5: Server, script: str
) -> None:
    with pytest.raises(DeadlinePassed):
        host.run(["sh", "-c", script], deadline_s=0.5)
    wait_until(lambda: a5.tried("pgrep", "-f", "76543").returncode == 1, "nothing is left of it")


def test_a_process_that_is_spoken_to_in_lines(host: SshHost) -> None:
    channel = host.start(["sh", "-c", "echo noise >&2; cat; echo over"])
    channel.send("한 line  with   blanks ")
    assert channel.receive(5) == "한 line  with   blanks "
    assert channel.receive(0.1) is None
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.receive(5)


def test_a_process_ends_its_work_after_we_have_gone(host: SshHost, a5: Server) -> None:
    done = "/tmp/outlived"  # noqa: S108 - in a server of its own
    channel = host.start(["sh", "-c", f"cat >/dev/null; sleep 0.3; echo x >{done}"])
    channel.send("x")
    channel.close()
    host.close()
    wait_until(lambda: a5.tried("test", "-s", done).returncode == 0, "it was done")


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_what_is_put_is_read_with_its_mode(host: SshHost, a5: Server, mode: int) -> None:
    path = ROOM / "deep" / "er" / f"a file's $name {mode:o}"
    host.put(path, b"\0data", mode)
    assert host.read(path) == b"\0data"
    assert a5.run("stat", "-c", "%a", str(path)).strip() == f"{mode:o}"
    assert path.name in host.names(path.parent)
    assert not [name for name in host.names(path.parent) if name.startswith(".")]


def test_of_a_long_file_the_end_is_read_and_its_size_is_known(host: SshHost) -> None:
    host.put(ROOM / "long", b"0123456789")
    assert (host.read(ROOM / "long", 4), host.size(ROOM / "long")) == (b"6789", 10)


def test_what_is_not_there_is_none(host: SshHost) -> None:
    path = ROOM / "none"
    assert (host.read(path), host.size(path), host.names(path)) == (None, None, frozenset())


def test_a_folder_of_somebody_else_is_not_written(host: SshHost) -> None:
    with pytest.raises(Denied, match="we have no right to /etc/protostar/file"):
        host.put(PurePosixPath("/etc/protostar/file"), b"x")


def test_chunks_go_on_from_where_they_stood(host: SshHost, a5: Server) -> None:
    path = ROOM / "new" / "layer"
    host.append(path, iter([b"one", b"two-too-much"]), at=0)
    host.append(path, iter([b"three"] * 1000), at=6)
    assert host.read(path) == b"onetwo" + b"three" * 1000
    assert host.size(path) == 6 + 5000
    assert a5.run("stat", "-c", "%a", str(path.parent)).strip() == "700"
    host.append(path, iter([b"again"]), at=0)
    assert host.read(path) == b"again"


# --- the engine, HTTP, ports ------------------------------------------------------------------


def test_the_engine_is_spoken_to_through_the_line(host: SshHost, a5: Server) -> None:
    client = host.docker()
    assert client.version()["Version"] == a5.docker("version", "-f", "{{.Server.Version}}").strip()
    assert client.containers.list() == []
    assert client is host.docker()


def answer_http(line: Line) -> None:
    line.recv(1000)
    line.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")


def test_http_to_a_loopback_port_of_the_host(
    host: SshHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There and back: a port of the host that leads here answers."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with host.exposed(answer_http) as port, host.session(port) as session:
        assert session.get(f"http://127.0.0.1:{port}/", timeout=5).text == "ok"
        assert session.get(f"http://127.0.0.1:{port}/", timeout=5).text == "ok"


def test_http_to_a_port_where_nobody_listens(host: SshHost) -> None:
    with host.session(9) as session, pytest.raises(requests.ConnectionError):
        session.get("http://127.0.0.1:9/", timeout=5)


def test_a_port_of_the_host_leads_here_for_as_long_as_it_is_wanted(
    host: SshHost, a5: Server
) -> None:
    with host.exposed(shouting) as port:
        assert asked(a5, port, "hello") == "HELLO"
        assert asked(a5, port, "again") == "AGAIN"
    wait_until(lambda: asked(a5, port, "x") == "", "the port is closed")


def test_two_ports_at_once_do_not_collide(host: SshHost, a5: Server) -> None:
    other = ssh_host(a5)
    with (
        host.exposed(shouting) as one,
        host.exposed(whispering) as two,
        other.exposed(whispering) as three,
    ):
        assert len({one, two, three}) == 3
        found = [asked(a5, port, "Hello") for port in (one, two, three)]
    assert found == ["HELLO", "hello", "hello"]
    other.close()


def test_a_handler_that_fails_takes_only_its_own_connection(host: SshHost, a5: Server) -> None:
    failures: list[str] = []

    def failing(line: Line) -> None:
        failures.append(line.recv(100).decode())
        raise OSError("the registry has gone")

    with host.exposed(failing) as port:
        assert asked(a5, port, "one") == ""
        assert asked(a5, port, "two") == ""
    assert failures == ["one", "two"]


def shouting(line: Line) -> None:
    line.sendall(line.recv(100).upper())


def whispering(line: Line) -> None:
    line.sendall(line.recv(100).lower())


def asked(server: Server, port: int, words: str) -> str:
    """What a program on the server hears from a port of its loopback."""
    script = 'exec 3<>/dev/tcp/127.0.0.1/"$1" && printf %s "$2" >&3 && timeout 3 cat <&3'
    return server.tried("bash", "-c", script, "ask", str(port), words).stdout


# --- a cut line -------------------------------------------------------------------------------


# The put may be over before the cut comes: then it is tried again.
CUTS, TRIES = 3, 20


def cut_while(server: Server, after_s: float) -> threading.Timer:
    timer = threading.Timer(after_s, cut_sessions, [server])
    timer.start()
    return timer


def test_a_put_that_is_cut_leaves_the_old_or_the_new(host: SshHost, a5: Server) -> None:
    path = ROOM / "cut" / "file"
    contents = {sha(data): data for data in (b"old", os.urandom(24_000_000))}
    old, new = contents.values()
    host.put(path, old)
    cuts = 0
    for after_s in itertools.islice(itertools.cycle((0.0, 0.1, 0.2, 0.3)), TRIES):
        if cuts == CUTS:
            break
        timer = cut_while(a5, after_s)
        try:
            host.put(path, new)
        except Unreachable:
            cuts += 1
        timer.join()
        assert digest(a5, path) in contents
        host.put(path, old)  # on a new connection
        assert digest(a5, path) == sha(old)
    assert cuts == CUTS, "too little was cut: the test proves nothing"
    assert host.names(path.parent) >= {path.name}
    assert len(host.names(path.parent)) <= 1 + cuts


def test_what_was_appended_before_a_cut_stays_and_is_gone_on_with(
    host: SshHost, a5: Server
) -> None:
    path, data = ROOM / "cut" / "layer", os.urandom(4_000_000)
    chunks = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]

    def slowly() -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            time.sleep(0.05)

    cut_while(a5, 0.5)
    with pytest.raises(LineCut):
        host.append(path, slowly(), at=0)
    size = host.size(path)
    assert size is not None
    assert 0 < size < len(data)
    host.append(path, iter([data[size:]]), at=size)
    assert digest(a5, path) == sha(data)


@pytest.mark.parametrize("late", [eof, data])
def test_what_comes_after_its_channels_close_does_not_end_the_connection(
    host: SshHost, late: Callable[[int], paramiko.Message]
) -> None:
    """As when paramiko's thread closes a channel between a message's making and its sending.

    sshd would end the connection and every command on it: it "referred to nonexistent channel".
    """
    channels = host._line.channels
    channel = channels.session()
    channel.exec_command("true")
    wait_until(lambda: channel.closed, "its end has come here")
    channels.transport._send_user_message(late(channel.remote_chanid))  # type: ignore[attr-defined] # not among the stub's
    assert host.run(["echo", "still there"], deadline_s=5).ok
    assert host.handshakes == 1


def test_after_a_cut_in_between_everything_works_again(host: SshHost, a5: Server) -> None:
    assert host.docker().ping()
    cut_sessions(a5)
    wait_until(lambda: not host._connection or not host._connection.alive, "the cut is noticed")
    assert host.run(["echo", "again"], deadline_s=5).out == "again\n"
    assert host.docker().ping()
    host.put(ROOM / "again", b"x")
    with host.exposed(shouting) as port:
        assert asked(a5, port, "again") == "AGAIN"
    assert host.handshakes == 2


def test_a_cut_ends_the_waiting_for_a_process(host: SshHost, a5: Server) -> None:
    channel = host.start(["cat"])
    channel.send("x")
    assert channel.receive(5) == "x"
    cut_sessions(a5)
    with pytest.raises(ChannelClosed):
        channel.receive(5)


# --- one connection ---------------------------------------------------------------------------


def test_everything_goes_over_one_handshake_and_few_channels(host: SshHost, a5: Server) -> None:
    before = log_lines(a5)
    threads = [
        threading.Thread(target=host.run, args=(["sleep", "0.2"],), kwargs={"deadline_s": 20})
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    assert host.docker().ping()
    host.put(ROOM / "one", b"x")
    for thread in threads:
        thread.join()
    accepted = [line for line in logged(a5, before) if "Accepted publickey" in line]
    assert (len(accepted), host.handshakes) == (1, 1)
    assert 1 < host._line.channels.most <= AT_MOST


# --- who we are -------------------------------------------------------------------------------


@contextmanager
def agent(folder: Path, key: Path) -> Iterator[str]:
    """A real ssh-agent that holds `key`; its socket."""
    sock = str(folder / "agent")
    with subprocess.Popen(["ssh-agent", "-D", "-a", sock], stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: os.path.exists(sock), "the agent listens")  # noqa: PTH110 - a socket
            env = {**os.environ, "SSH_AUTH_SOCK": sock}
            subprocess.run(["ssh-add", "-q", str(key)], check=True, env=env, timeout=10)
            yield sock
        finally:
            process.terminate()


def test_a_key_that_only_the_agent_has(
    host: SshHost, remote: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "")
    with agent(tmp_path, remote.key) as sock:
        monkeypatch.setenv("SSH_AUTH_SOCK", sock)
        assert host.run(["id", "-un"], deadline_s=5).out == "deploy\n"


def test_a_locked_key_that_the_agent_holds_open(
    remote: Servers, host: SshHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file stands in ssh_config with IdentitiesOnly: ssh then still asks the agent for it."""
    locked = locked_key(remote, tmp_path)
    config = tmp_path / "config"
    config.write_text(f"Host *\n  IdentitiesOnly yes\n  IdentityFile {locked}\n")
    monkeypatch.setenv(KEY, "")
    monkeypatch.setenv(SSH_CONFIG, str(config))
    with agent(tmp_path, remote.key) as sock:
        monkeypatch.setenv("SSH_AUTH_SOCK", sock)
        assert host.run(["true"], deadline_s=5).ok


def locked_key(remote: Servers, folder: Path) -> Path:
    """The server's key under a passphrase."""
    path = folder / "locked"
    path.write_bytes(remote.key.read_bytes())
    path.chmod(0o600)
    path.with_name("locked.pub").write_bytes(remote.key.with_suffix(".pub").read_bytes())
    argv = ["ssh-keygen", "-q", "-p", "-P", "", "-N", PHRASE, "-f", str(path)]
    subprocess.run(argv, check=True, timeout=10, stdout=subprocess.DEVNULL)
    return path


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        (PHRASE, ""),
        ("a wrong one", f"cannot be opened with the passphrase in {PASSPHRASE}"),
        ("", f"needs its passphrase in {PASSPHRASE}, or an agent"),
    ],
)
def test_a_locked_key_and_the_passphrase_of_the_environment(
    remote: Servers,
    host: SshHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    phrase: str,
    said: str,
) -> None:
    monkeypatch.setenv(KEY, str(locked_key(remote, tmp_path)))
    monkeypatch.setenv(PASSPHRASE, phrase)
    if not said:
        assert host.run(["true"], deadline_s=5).ok
        return
    with pytest.raises(Unreachable) as failed:
        host.run(["true"], deadline_s=5)
    assert said in failed.value.error
    assert not phrase or phrase not in str(failed.value)


# --- over another machine ---------------------------------------------------------------------


@pytest.fixture
def by_jump(remote: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SshHost:
    """An alias of ssh_config, known by known_hosts on both hops."""
    a5, jump = remote.servers["a5"], remote.servers["jump"]
    known = tmp_path / "known"
    known.write_text(known_hosts_line(a5) + known_hosts_line(jump))
    (tmp_path / "config").write_text(
        f"Host production\n  HostName {a5.address}\n  ProxyJump deploy@{jump.address}\n"
        f"Host *\n  IdentityFile {remote.key}\n  UserKnownHostsFile {known}\n"
    )
    monkeypatch.setenv(SSH_CONFIG, str(tmp_path / "config"))
    monkeypatch.setenv(KEY, "")
    return SshHost("a5", PurePosixPath("/srv/protostar"), Wanted("production", "deploy"))


def test_a_jump_host_on_the_way(by_jump: SshHost, remote: Servers, a5: Server) -> None:
    jump = remote.servers["jump"]
    before = log_lines(a5), log_lines(jump)
    assert by_jump.run(["hostname"], deadline_s=5).out.strip() == a5.name
    assert by_jump.docker().ping()
    by_jump.put(ROOM / "jumped", b"x" * 1_000_000)
    with by_jump.exposed(shouting) as port:
        assert asked(a5, port, "hello") == "HELLO"
    by_jump.close()
    at_a5, at_jump = (
        [line for line in logged(server, since) if "Accepted publickey" in line]
        for server, since in zip((a5, jump), before, strict=True)
    )
    assert (len(at_a5), len(at_jump), by_jump.handshakes) == (1, 1, 2)
    assert f"from {jump.address} " in at_a5[0], "it came by the jump host and not by itself"


def test_a_jump_host_that_cannot_reach_the_host_says_so(
    by_jump: SshHost, a5: Server, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(config.read_text().replace(a5.address, "no-such-host.invalid", 1))
    with pytest.raises(Unreachable, match="is not reached through its jump host"):
        by_jump.run(["true"], deadline_s=5)


def test_a_cut_at_the_jump_host_is_mended_too(by_jump: SshHost, remote: Servers) -> None:
    assert by_jump.run(["true"], deadline_s=5).ok
    cut_sessions(remote.servers["jump"])
    wait_until(lambda: not by_jump._connection or not by_jump._connection.alive, "it is noticed")
    assert by_jump.run(["true"], deadline_s=5).ok
    assert by_jump.handshakes == 4
    by_jump.close()
