"""A server of its own: a container with sshd and an engine, reached over a network made for it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.engine import CHECKOUT, LABEL, docker

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "protostar/server:trixie"
USER = "deploy"
ROOT = "/srv/protostar"
NGINX = f"{ROOT}/config/current/nginx"
COMPOSE = f"{ROOT}/gateway.yml"
UP_S = 40.0
SSH = ("tcp", "22")


@dataclass(frozen=True, slots=True)
class Server:
    """What a test does to a server from outside, as somebody who stands beside it."""

    name: str
    tag: str

    @classmethod
    def start(cls, name: str, tag: str, key: str, *options: str) -> Server:
        """Returns when its engine and its sshd answer. `key`: a line of authorized_keys."""
        server = cls(name, tag)
        where = ["--name", name, "--hostname", name, "--network", f"servers-{tag}"]
        labels = ["--label", f"{LABEL}={tag}"]
        keys = ["--env", f"SERVER_KEY={key}"]
        docker("run", "-d", "--privileged", *where, *labels, *keys, *options, IMAGE)
        server.wait_until_up()
        return server

    def wait_until_up(self) -> None:
        until = time.monotonic() + UP_S
        while not self._is_up():
            if time.monotonic() > until:
                raise RuntimeError(f"{self.name} is not up: {docker('logs', self.name)}")
            time.sleep(0.2)

    def _is_up(self) -> bool:
        engine = '{ [ "$SERVER_ENGINE" = no ] || docker version >/dev/null; }'
        up = f"{engine} && exec 3<>/dev/tcp/127.0.0.1/22"
        return self.tried("bash", "-c", up).returncode == 0

    @property
    def address(self) -> str:
        shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return docker("inspect", "-f", shown, self.name).strip()

    @property
    def fingerprint(self) -> str:
        return self.run("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]

    # --- in it --------------------------------------------------------------------------------

    def run(self, *argv: str) -> str:
        return docker("exec", self.name, *argv)

    def sh(self, script: str) -> str:
        return self.run("sh", "-c", script)

    def tried(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "exec", self.name, *argv],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def docker(self, *arguments: str) -> str:
        return self.run("docker", *arguments)

    def load(self, *images: str) -> None:
        """Images of this machine's engine, as somebody with a memory stick would bring them."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            argv = ["docker", "exec", "-i", self.name, "docker", "load", "-q"]
            subprocess.run(argv, stdin=saving.stdout, check=True, capture_output=True, timeout=300)

    def start_gateway(self, conf: Path) -> None:
        """On the ports that the installation's defaults say: 80 for users, 8081 on loopback."""
        self.sh(f"install -d -o {USER} {ROOT}/live {ROOT}/config/current && rm -rf {NGINX}")
        docker("cp", "-q", str(conf), f"{self.name}:{NGINX}")
        docker("cp", "-q", str(CHECKOUT / "compose/a5/gateway.yml"), f"{self.name}:{COMPOSE}")
        self.sh(f"PROTOSTAR_ROOT={ROOT} docker compose --progress quiet -f {COMPOSE} up -d")
        self._wait_for_gateway()

    def _wait_for_gateway(self) -> None:
        until = time.monotonic() + UP_S
        ask = 'exec 3<>/dev/tcp/127.0.0.1/8081; printf "GET /-/gateway HTTP/1.0\\r\\n\\r\\n" >&3; '
        while "200" not in self.tried("bash", "-c", f"{ask} head -n1 <&3").stdout:
            if time.monotonic() > until:
                raise RuntimeError(f"no gateway on {self.name}: {self.docker('logs', 'gateway')}")
            time.sleep(0.1)

    # --- against it ---------------------------------------------------------------------------

    def drop_ssh(self) -> None:
        """Every packet of SSH is lost from now on, in both directions; nothing is refused."""
        for chain, side in (("INPUT", "--dport"), ("OUTPUT", "--sport")):
            self.run("iptables", "-I", chain, "-p", *SSH[:1], side, SSH[1], "-j", "DROP")

    def let_ssh(self) -> None:
        for chain, side in (("INPUT", "--dport"), ("OUTPUT", "--sport")):
            self.tried("iptables", "-D", chain, "-p", *SSH[:1], side, SSH[1], "-j", "DROP")

    def kill_sshd(self) -> None:
        """All of it, the sessions too; the server starts a new one by itself."""
        self.tried("pkill", "-KILL", "-x", "sshd|sshd-session|sshd-auth")

    def kill_engine(self) -> None:
        self.sh('kill -KILL "$(cat /run/docker.pid)"')

    def reboot(self) -> None:
        docker("restart", "-t", "2", self.name)
        self.wait_until_up()

    def received_bytes(self) -> int:
        """By its network interface, since it was started."""
        return int(self.run("cat", "/sys/class/net/eth0/statistics/rx_bytes"))

    def remove(self) -> None:
        docker("rm", "-f", "-v", self.name)
