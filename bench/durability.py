"""`script/bench durability`: A5's database and queue are killed with -9 while they are written to.

A killed process loses what it had not yet handed to the kernel, not what the disk had not yet
written: that both ask the disk before they answer (fsync, appendfsync always) is a setting, which
the tests of the stacks read back.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine import docker
from bench.output import BenchError, Figure, note
from tests.e2e.stacks import ServerStack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.output import Value

KILLS, WRITERS = 10, 4
BACK_WITHIN_S, JOIN_S = 60.0, 10.0
FIGURES = (
    Figure("kills", "SIGKILLs, half to PostgreSQL and half to the queue's Redis"),
    Figure("writes_acknowledged", f"by both, {WRITERS} writers at each, one after the other"),
    Figure("lost", "of them, not there afterwards", most=0),
    Figure("postgres_acknowledged", "by PostgreSQL"),
    Figure("postgres_back_s_max", "from a SIGKILL to the next write that it acknowledges"),
    Figure("queue_acknowledged", "by the queue"),
    Figure("queue_back_s_max", "from a SIGKILL to the next write that it acknowledges"),
)


@dataclass(frozen=True, slots=True)
class Store:
    """How a service of A5's stack is written to, a line a write, and read back."""

    service: str
    client: Sequence[str]
    make: str
    write: str  # answered by `acknowledged`, and by nothing else
    acknowledged: str
    read: str


PSQL = ("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-U", "postgres")
POSTGRES = Store(
    "postgres",
    PSQL,
    "CREATE TABLE IF NOT EXISTS written (n int PRIMARY KEY); TRUNCATE written;",
    "INSERT INTO written VALUES ({n}) RETURNING n;",
    "{n}",
    "SELECT n FROM written;",
)
QUEUE = Store("queue", ("redis-cli",), "DEL written", "SADD written {n}", "1", "SMEMBERS written")


@dataclass(slots=True)
class Found:
    """What was seen of one store."""

    kills: int = 0
    acknowledged: dict[int, float] = field(default_factory=dict)  # with their moments
    lost: set[int] = field(default_factory=set)
    back_s: list[float] = field(default_factory=list)


def measure(rounds: int | None) -> dict[str, Value]:
    with tempfile.TemporaryDirectory(prefix="protostar-durability-") as folder:
        stack = ServerStack("a5", Path(folder))
        try:
            stack.up(POSTGRES.service, QUEUE.service)
            postgres, queue = (survived(stack, each, rounds or KILLS) for each in (POSTGRES, QUEUE))
        finally:
            stack.remove()
    return {
        "kills": postgres.kills + queue.kills,
        "writes_acknowledged": len(postgres.acknowledged) + len(queue.acknowledged),
        "lost": len(postgres.lost) + len(queue.lost),
        "postgres_acknowledged": len(postgres.acknowledged),
        "postgres_back_s_max": max(postgres.back_s),
        "queue_acknowledged": len(queue.acknowledged),
        "queue_back_s_max": max(queue.back_s),
    }


def survived(stack: ServerStack, store: Store, kills: int) -> Found:
    """Kill it so often under writes, and look for what was acknowledged.

    Raises `BenchError` when it does not come back.
    """
    found = Found()
    asked(stack, store, store.make)
    with written(stack, store, found.acknowledged):
        for _ in range(kills):
            time.sleep(random.uniform(0.5, 1.5))
            found.back_s.append(_killed(stack, store, found.acknowledged))
            found.kills += 1
            note(f"{store.service}: killed, writes again after {found.back_s[-1]:.1f} s")
    there = {int(line) for line in asked(stack, store, store.read).split()}
    found.lost = found.acknowledged.keys() - there
    return found


def asked(stack: ServerStack, store: Store, line: str) -> str:
    done = stack.within(store.service, *store.client, given=f"{line}\n")
    if done.returncode:
        raise BenchError(f"{store.service}: {done.stderr.strip()}")
    return done.stdout


def _killed(stack: ServerStack, store: Store, acknowledged: dict[int, float]) -> float:
    """Seconds until it acknowledges a write again."""
    container = stack.container(store.service)
    began_s = time.monotonic()
    docker("kill", "--signal", "KILL", container)
    docker("wait", container)
    before = len(acknowledged)
    docker("start", container)
    while len(acknowledged) == before:
        if time.monotonic() > began_s + BACK_WITHIN_S:
            raise BenchError(f"{store.service} took no write for {BACK_WITHIN_S:g} s")
        time.sleep(0.02)
    return time.monotonic() - began_s


@contextmanager
def written(stack: ServerStack, store: Store, acknowledged: dict[int, float]) -> Iterator[None]:
    """Writers go on meanwhile, each with a connection of its own."""
    numbers, over = count(), threading.Event()
    sessions: list[subprocess.Popen[str]] = []
    writers = [
        threading.Thread(target=_write, args=(stack, store, numbers, acknowledged, over, sessions))
        for _ in range(WRITERS)
    ]
    for each in writers:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in writers:
            # One that waits for an answer which does not come is not waited for.
            each.join(JOIN_S)
        for session in sessions:
            session.kill()


def _write(
    stack: ServerStack,
    store: Store,
    numbers: Iterator[int],
    acknowledged: dict[int, float],
    over: threading.Event,
    sessions: list[subprocess.Popen[str]],
) -> None:
    """One write at a time; a connection that ends is opened again, and its last write is open."""
    argv = ["docker", "exec", "--interactive", stack.container(store.service), *store.client]
    while not over.wait(0.05):
        pipe = subprocess.PIPE
        session = subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )
        sessions.append(session)
        # What a killed client had not read yet is flushed once more when its pipe is closed.
        with suppress(BrokenPipeError), session:
            for n in numbers:
                if over.is_set() or not _acknowledged(session, store, n):
                    break
                acknowledged[n] = time.monotonic()
            session.kill()


def _acknowledged(session: subprocess.Popen[str], store: Store, n: int) -> bool:
    assert session.stdin  # noqa: S101 - it was started with pipes
    assert session.stdout  # noqa: S101
    try:
        session.stdin.write(f"{store.write.format(n=n)}\n")
        session.stdin.flush()
    except BrokenPipeError:
        return False
    return session.stdout.readline() == f"{store.acknowledged.format(n=n)}\n"
