"""Servers in containers, on ports that stay theirs through a restart."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from protostar_worker.db.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LABEL = "org.protostar.test=worker"
PASSWORD = "of-the-tests"
START_S = 60.0
TEMPLATE = "worker_template"


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    port: int
    image: str
    arguments: tuple[str, ...]

    def start(self, *options: str) -> None:
        docker(
            "run", "--detach", "--name", self.name, "--label", LABEL,
            "--publish", f"127.0.0.1:{self.port}:{self.port}", *options, self.image,
            *self.arguments,
        )  # fmt: skip

    def direct(self, url: str) -> str:
        """The same, past the engine's proxy for published ports: it costs two cores a fifth of
        what a job does, and no worker of a deploy has one. A restart may change the address.
        """
        found = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", self.name)
        return url.replace("127.0.0.1", found.strip())

    def go_on(self) -> None:
        """Nothing to do when it runs."""
        docker("start", self.name)

    def pause(self) -> None:
        """Until `go_on`, with all that it has written."""
        docker("stop", "--time", "3", self.name)

    def restart(self) -> None:
        docker("restart", "--time", "3", self.name)

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.name)


@contextmanager
def redis_running(fsync: str = "everysec") -> Iterator[tuple[Container, str]]:
    """`always` forgets nothing that it acknowledged, at the speed of the disk."""
    port = free_port()
    kept = ("--appendonly", "yes", "--appendfsync", fsync, "--save", "")
    arguments = ("redis-server", "--port", str(port), "--protected-mode", "no", *kept)
    container = Container(f"worker-redis-{tag()}", port, "protostar/redis:8", arguments)
    url = f"redis://127.0.0.1:{port}/0"
    with _running(container, lambda: redis_answers(url)):
        yield container, url


@contextmanager
def postgres_running() -> Iterator[tuple[Container, str]]:
    port = free_port()
    arguments = ("postgres", "-c", f"port={port}", "-c", "max_connections=200")
    container = Container(f"worker-postgres-{tag()}", port, "protostar/postgres:18", arguments)
    url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
    options = ("--env", f"POSTGRES_PASSWORD={PASSWORD}", "--shm-size", "256m")
    with _running(container, lambda: postgres_answers(url), *options):
        _make_template(url)
        yield container, url


@contextmanager
def database_on(url: str) -> Iterator[str]:
    """A database with the schema, of its own."""
    name = f"worker_{tag()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def redis_answers(url: str) -> bool:
    try:
        with closing(Redis.from_url(url, socket_timeout=1)) as redis:
            return bool(redis.ping())
    except (RedisError, OSError):
        return False


def postgres_answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def wait_until(holds: Callable[[], bool], within_s: float = START_S) -> None:
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError("it did not come about in time")
        time.sleep(0.1)


def docker(*arguments: str) -> str:
    return subprocess.run(("docker", *arguments), check=True, capture_output=True, text=True).stdout


def free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def _running(container: Container, answers: Callable[[], bool], *options: str) -> Iterator[None]:
    container.start(*options)
    try:
        wait_until(answers)
        yield
    finally:
        container.remove()


def _make_template(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate(f"{url.rpartition('/')[0]}/{TEMPLATE}")


def tag() -> str:
    return uuid4().hex[:8]
