"""The agent's image as Centre runs it: who comes in, and what a build finds there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import paramiko
import pytest
import yaml

from bench.engine import CHECKOUT, LABEL, docker, free_port
from pyhelpers import __version__

from .colours import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

SERVICE = yaml.safe_load((CHECKOUT / "compose/centre/jenkins.yml").read_text())["services"][
    "jenkins-build"
]
DIGEST = """
import hashlib, pathlib, pyhelpers
root = pathlib.Path(pyhelpers.__file__).parent
files = sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
told = [f"{p.relative_to(root)} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files]
print(len(told), hashlib.sha256(repr(told).encode()).hexdigest())
"""


@dataclass
class Agent:
    hosts: Path
    name: str = field(default_factory=lambda: f"agent-{secrets.token_hex(3)}")
    port: int = field(default_factory=free_port)
    key: paramiko.PKey = field(default_factory=paramiko.ECDSAKey.generate)

    def start(self) -> None:
        public = f"{self.key.get_name()} {self.key.get_base64()}"
        hardened = ["--read-only", "--cap-drop", "ALL", "--user", SERVICE["user"]]
        hardened += ["--security-opt", "no-new-privileges:true", "--tmpfs", SERVICE["tmpfs"][0]]
        docker(
            *("run", "--detach", "--name", self.name, "--label", f"{LABEL}={self.name}"),
            *(*hardened, "--publish", f"127.0.0.1:{self.port}:2222"),
            *("--volume", f"{self.name}:/home/jenkins"),
            *("--volume", f"{self.hosts}:/etc/jenkins-hosts:ro"),
            *("--env", f"JENKINS_AGENT_PUBLIC_KEY={public}"),
            f"protostar/jenkins-agent:{__version__}",
        )
        wait_until(self.answers, "the agent lets the controller in", 20)

    def answers(self) -> bool:
        try:
            return self.run("true") == ""
        except (OSError, paramiko.SSHException):
            return False

    def connected(self, key: paramiko.PKey | None = None) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        # Made a moment ago, for this test.
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - as above
        client.connect(
            "127.0.0.1",
            self.port,
            "jenkins",
            pkey=key or self.key,
            timeout=5,
            look_for_keys=False,
            allow_agent=False,
        )
        return client

    def run(self, command: str) -> str:
        """As the controller starts what it brings."""
        with self.connected() as client:
            _, out, err = client.exec_command(command, timeout=20)
            said = out.read() + err.read()
            assert out.channel.recv_exit_status() == 0, said.decode()
            return said.decode().strip()

    def host_key(self) -> str:
        with self.connected() as client:
            transport = client.get_transport()
            assert transport is not None
            return transport.get_remote_server_key().get_base64()

    def remove(self) -> None:
        docker("rm", "--force", self.name)
        docker("volume", "rm", "--force", self.name)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    hosts = tmp_path_factory.mktemp("hosts")
    hosts.chmod(0o755)
    (hosts / "KNOWN_HOSTS").write_text("git.lan ssh-ed25519 AAAA\n")
    agent = Agent(hosts)
    try:
        agent.start()
        yield agent
    finally:
        agent.remove()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("java -version", '"21.'),
        ("git --version", "git version"),
        ("docker --version", "Docker version"),
        ("docker buildx version", "buildx"),
        ("docker compose version", "Docker Compose"),
        ("protostar --version", __version__),
        ("protostar build --help", "Usage: protostar build"),
        ("python3 -m pyhelpers.deploy --help", "deploy run"),
        ("python3 -m pyhelpers.jobs --help", "jobs apply"),
        ("cat ~/.ssh/known_hosts", "git.lan ssh-ed25519 AAAA"),
        ("id -un", "jenkins"),
    ],
)
def test_a_build_finds(agent: Agent, command: str, says: str) -> None:
    assert says in agent.run(command)


def test_pyhelpers_in_it_is_this_checkouts(agent: Agent) -> None:
    here = docker(
        *("run", "--rm", "--network", "none", "--label", f"{LABEL}={agent.name}"),
        *("--volume", f"{CHECKOUT}/pyhelpers:/here/pyhelpers:ro", "--workdir", "/here"),
        *("--env", "PYTHONPATH=/here", "--env", "PYTHONDONTWRITEBYTECODE=1"),
        *("--entrypoint", "python3", f"protostar/jenkins-agent:{__version__}", "-c", DIGEST),
    ).strip()
    assert agent.run(f"python3 -c '{DIGEST}'") == here


def test_only_the_controllers_key_comes_in(agent: Agent) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        agent.connected(paramiko.ECDSAKey.generate())


def test_its_host_key_outlives_the_container(agent: Agent) -> None:
    before = agent.host_key()
    docker("rm", "--force", agent.name)
    agent.start()
    assert agent.host_key() == before


def test_nothing_but_its_volume_and_tmp_can_be_written(agent: Agent) -> None:
    told = agent.run("touch /tmp/a ~/a && ! touch /opt/a && ! touch /etc/a")
    assert told.count("Read-only file system") == 2


def test_the_health_check_of_the_stack_finds_it_well(agent: Agent) -> None:
    docker("exec", agent.name, *SERVICE["healthcheck"]["test"][1:])
