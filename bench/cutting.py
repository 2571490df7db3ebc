"""One cut in a deploy over SSH, and what must be true afterwards without anybody's help."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bench.engine import CHECKOUT
from bench.output import BenchError
from bench.watching import lines_until
from pyhelpers.deploy.model import Colour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.server import Server
    from bench.servers import Servers

STEPS = (
    "fetch image",
    "before switch",
    "start idle",
    "wait ready",
    "switch",
    "verify",
    "bake",
    "commit",
    "drain",
    "stop old",
    "record",
)
# A migration that takes a while, so that it is running when the line is cut; it says when it began
# and when it ended, so that two beside each other would show.
HOOKS_LOG = "/data/hooks.log"
MIGRATION = [
    "sh",
    "-c",
    f"echo begin >>{HOOKS_LOG}; sleep 1.5; echo end >>{HOOKS_LOG}",
]
FREE_S = 60.0
LOOK_S = 0.1
ANSWERS_S = 20.0
END_S = 60.0


class Kind(NamedTuple):
    """What is cut, in a word for the table."""

    name: str


DEPLOYER, SSHD, PACKETS = Kind("deployer SIGKILL"), Kind("sshd killed"), Kind("packets dropped")
ENGINE, REBOOT = Kind("engine killed"), Kind("reboot")


@dataclass(slots=True)
class Cut:
    """A row of the table. Seconds count from the cut; `problems` is what was not as it must be."""

    kind: Kind
    step: str
    free_s: float = 0.0
    stands: str = ""
    code: int = 0
    problems: list[str] = field(default_factory=list)

    def row(self) -> tuple[object, ...]:
        well = "; ".join(self.problems) or "yes"
        return self.kind.name, self.step, f"{self.free_s:.1f}", self.stands, self.code, well


HEADINGS = ("cut", "at", "free after s", "live then", "deployer's exit", "converged")


@dataclass(slots=True)
class Scene:
    """A service on a server, and its versions by turns."""

    remote: Servers
    host: str
    name: str

    @property
    def server(self) -> Server:
        return self.remote.servers[self.host]

    def live(self) -> str:
        return self.remote.live(self.host, self.name)

    def done(self) -> list[str]:
        """The versions of the deploys that were committed, oldest first."""
        records = self.remote.history(self.host, self.name)
        return [str(r["release"]["label"]) for r in records if r["outcome"] == "done"]

    def running(self) -> list[str]:
        mine = ["--filter", f"label=org.protostar.service={self.name}"]
        colours = ["--filter", "label=com.docker.compose.oneoff=False"]
        return sorted(self.server.docker("ps", "--format", "{{.Names}}", *mine, *colours).split())


def cut(scene: Scene, kind: Kind, step: str) -> Cut:
    """Deploy the other version, cut in `step`, wait, judge, and run the same command again."""
    found = Cut(kind, step)
    done, old = scene.done(), scene.live()
    version = "v1" if done[-1] == "v2" else "v2"
    _forget_hooks(scene)
    with _deploying(scene, version) as process:
        lines_until(process, f"→ {step} ")
        with _cut(scene.server, kind, process):
            _watch(scene, found)
            found.code = _ended(process)
    _judge(scene, found, old, committed=len(scene.done()) > len(done))
    _again(scene, found, version)
    return found


def _forget_hooks(scene: Scene) -> None:
    """A hook runs once a release: without its container it runs in every deploy."""
    mine = f"--filter label=org.protostar.service={scene.name}"
    oneoff = "--filter label=com.docker.compose.oneoff=True"
    scene.server.sh(f"docker ps -aq {mine} {oneoff} | xargs -r docker rm -f")


@contextmanager
def _deploying(scene: Scene, version: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        scene.remote.argv("run", scene.name, version),
        env={**os.environ, **scene.remote.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _cut(server: Server, kind: Kind, process: subprocess.Popen[str]) -> Iterator[None]:
    """As long as the block lasts, for what lasts."""
    if kind is DEPLOYER:
        process.kill()
    elif kind is SSHD:
        server.kill_sshd()
    elif kind is PACKETS:
        server.drop_ssh()
    elif kind is ENGINE:
        server.kill_engine()
    elif kind is REBOOT:
        server.reboot()
    try:
        yield
    finally:
        if kind is PACKETS:
            server.let_ssh()
        # Whoever watches over engine and sshd starts them again; a deploy that comes before that is
        # refused, and says so.
        server.wait_until_up()


def _watch(scene: Scene, found: Cut) -> None:
    """Until the guard has let the lock go, all by itself."""
    began = time.monotonic()
    while scene.remote.locked(scene.host, scene.name):
        if time.monotonic() - began > FREE_S:
            found.problems.append("the lock is still held")
            return
        time.sleep(LOOK_S)
    found.free_s = time.monotonic() - began


def _ended(process: subprocess.Popen[str]) -> int:
    try:
        process.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        raise BenchError(f"the deployer hangs {END_S:g} s after the cut") from None
    return process.returncode


def _judge(scene: Scene, found: Cut, old: str, *, committed: bool) -> None:
    """Old before the commit, new after it; at the commit itself the history says which."""
    right = str(Colour(old).other) if committed else old
    found.stands = scene.live()
    if not _answers(scene):
        found.problems.append("nobody answers")
    if found.stands != right:
        found.problems.append(f"live is {found.stands or 'none'}, not {right}")
    if found.step in ("drain", "stop old", "record") and not committed:
        found.problems.append("what was committed is not in the history")


def _answers(scene: Scene) -> bool:
    """By itself; a server that was rebooted has to start what it runs first."""
    until = time.monotonic() + ANSWERS_S
    while not scene.remote.answers(scene.host):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_S)
    return True


def _again(scene: Scene, found: Cut, version: str) -> None:
    """The same command brings it there; a third one has nothing to do; nothing is left over."""
    done = scene.remote.deploy("run", scene.name, version)
    if done.code:
        found.problems.append(f"again: {done.code}: {done.err}")
    third = scene.remote.deploy("run", scene.name, version)
    if not third.out.startswith("Nothing to do"):
        found.problems.append(f"a third time: {third.code}: {third.out}{third.err}")
    live, running = scene.live(), scene.running()
    if [name.removeprefix(f"{scene.name}-").split("-")[0] for name in running] != [live]:
        found.problems.append(f"live is {live}, running are {', '.join(running)}")
    if scene.remote.locked(scene.host, scene.name):
        found.problems.append("the lock is held")


def migrations(scene: Scene) -> list[str]:
    """begin, end, begin, end…: never two begins without an end between them."""
    return scene.server.docker("exec", scene.running()[0], "cat", HOOKS_LOG).split()
