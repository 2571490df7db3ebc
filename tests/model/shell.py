"""Reads token lists back into what they do to the machine. Knows the deploy's own, no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.deploy import commands, end
from tests.model.machine import Wait

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from tests.model.engine import Container
    from tests.model.machine import Life, Machine

FOR_EVER_S = 1e12
DONE, FAILED, NOT_IN_OFFICE, ENDED_BY_TIMEOUT = 0, 1, 75, 124
STARTS_S = 0.02
DIES_S = 0.05
COMPOSE_VERSION = "2.40.3\n"
MACHINE_FACTS = "disk 99999999999\nroot 99999999999\nmemory_kib 99999999\n"
START_AND_WAIT = '"$@" >/dev/null && exec docker wait "$0"'


class UnknownCommandError(Exception):
    """The code under test typed something that this machine has never seen."""


@dataclass(slots=True)
class Shell:
    """One command on its way: whose process it is, and what it has written."""

    machine: Machine
    root: PurePosixPath
    pid: int
    out: str = ""
    err: str = ""

    def life(self, argv: Sequence[str]) -> Life:
        match list(argv):
            case ["flock", "--shared", "--nonblock", path, "true"]:
                return self._is_free(path)
            case [
                "flock",
                "--shared",
                work,
                "sh",
                "-c",
                commands.FENCE,
                "fence",
                token,
                owner,
                *it,
            ]:
                return self._fenced(work, token, owner, it)
            case ["sh", "-c", end.SIGNAL, "signal", word, pid, _]:
                return self._signal(word, int(pid))
            case ["rm", "-f", "--", *paths]:
                return self._forget(paths)
        return self._look(argv)

    def _look(self, argv: Sequence[str]) -> Life:
        if tuple(argv) == end.NOW:
            return self._now()
        if list(argv) == commands.machine_facts("/var/lib/docker", self.root):
            return self._machine_facts()
        if list(argv) == commands.compose_version():
            return self._compose_version()
        return self._work(argv)

    def _work(self, argv: Sequence[str]) -> Life:
        """What runs behind the fence."""
        match list(argv):
            case ["timeout", "--kill-after=5", limit_s, *it]:
                return self._limited(float(limit_s), self._work(it))
            case ["sh", "-c", script, name, *it] if script == START_AND_WAIT:
                return self._start_and_wait(name, it)
            case ["env", colour, release, "docker", "compose", "--progress", "plain", *it]:
                return self._compose(colour.split("=")[1], release.split("=")[1], it)
            case ["docker", *it]:
                return self._docker(it)
        raise UnknownCommandError(argv)

    def _docker(self, argv: Sequence[str]) -> Life:
        match list(argv):
            case ["pull", image]:
                return self._one("pull", lambda: self.machine.engine.pull(image))
            case ["tag", image, name]:
                return self._one("tag", lambda: self.machine.engine.tag(image, name))
            case ["rm", "--volumes", *names]:
                return self._remove(names)
            case ["wait", name]:
                return self._wait_for(name)
        raise UnknownCommandError(argv)

    def _fail(self, text: str, status: int = FAILED) -> int:
        self.err += f"{text}\n"
        return status

    def _now(self) -> Life:
        yield "read the clock"
        self.out += f"{self.machine.now_s:.0f}\n"
        return DONE

    # --- locks, limits, signals -----------------------------------------------------------------

    def _is_free(self, path: str) -> Life:
        yield "look at the lock"
        free = self.machine.lock(path, self.pid, shared=True)
        self.machine.unlock(path, self.pid)
        return DONE if free else FAILED

    def _fenced(self, work: str, token: str, owner: str, argv: Sequence[str]) -> Life:
        yield Wait(FOR_EVER_S, self.machine.free(work, self.pid, shared=True))
        if self.machine.disk.text(owner).split("\n")[0] != f"token={token}":
            return self._fail(commands.FENCED_OUT, NOT_IN_OFFICE)
        return (yield from self._work(argv))

    def _limited(self, limit_s: float, inner: Life) -> Life:
        until = self.machine.now_s + limit_s
        came = True
        try:
            happened = next(inner)
            while True:
                if isinstance(happened, Wait):
                    happened = Wait(min(happened.until, until), happened.ready)
                came = yield happened
                if not came and self.machine.now_s >= until:
                    return self._fail("terminated", ENDED_BY_TIMEOUT)
                happened = inner.send(came)
        except StopIteration as finished:
            status: int = finished.value
            return status

    def _signal(self, word: str, pid: int) -> Life:
        yield f"signal {word}"
        guard = next((p for p in self.machine.processes if p.pid == pid and p.is_guard), None)
        if guard is None:
            return FAILED
        if word == "KILL":
            self.machine.kill(guard)
        else:
            self.machine.signal(guard, word)
        return DONE

    def _forget(self, paths: Sequence[str]) -> Life:
        yield "rm"
        self.machine.disk.remove(*paths)
        return DONE

    def _compose_version(self) -> Life:
        yield "docker compose version"
        self.out += COMPOSE_VERSION
        return DONE

    def _machine_facts(self) -> Life:
        yield "df"
        self.out += MACHINE_FACTS
        return DONE

    # --- the engine's client --------------------------------------------------------------------

    def _one(self, what: str, act: object) -> Life:
        yield f"docker {what}"
        return DONE if callable(act) and act() else self._fail(f"{what}: no such image")

    def _remove(self, names: Sequence[str]) -> Life:
        yield "docker rm"
        self.machine.engine.remove(list(names))
        return DONE

    def _start_and_wait(self, name: str, start: Sequence[str]) -> Life:
        status = yield from self._work(start)
        return (yield from self._wait_for(name)) if status == DONE else status

    def _wait_for(self, name: str) -> Life:
        found = self.machine.engine.named(name)
        if found is None:
            return self._fail("no such container")
        yield Wait(FOR_EVER_S, lambda: not found.running)
        self.out += f"{found.exit_code}\n"
        return DONE

    def _compose(self, colour: str, release: str, argv: Sequence[str]) -> Life:
        match list(argv):
            case ["--project-directory", folder, "-p", project, "-f", one, "-f", two, *it]:
                service = project.removesuffix(f"-{colour}")
                labels = service, colour, release
                if not (self._is_whole(folder, one) and self._is_whole(folder, two)):
                    return self._refuse(f"no configuration in {folder}")
                return self._compose_verb(labels, it)
        raise UnknownCommandError(argv)

    def _is_whole(self, folder: str, path: str) -> bool:
        return path.startswith(f"{folder}/") and bool(self.machine.disk.read(path))

    def _refuse(self, text: str) -> Life:
        yield "compose"
        return self._fail(text)

    def _compose_verb(self, labels: tuple[str, str, str], argv: list[str]) -> Life:
        up = ["up", "--detach", "--no-deps", "--no-build", "--force-recreate", "--scale"]
        match argv:
            case [*start, scale, key] if start == up and scale.startswith(f"{key}="):
                return self._up(labels, key, int(scale.removeprefix(f"{key}=")))
            case ["run", "--detach", "--no-deps", "--no-TTY", "--name", name, _, *_]:
                return self._hook(labels, name)
        raise UnknownCommandError(argv)

    def _up(self, labels: tuple[str, str, str], key: str, replicas: int) -> Life:
        machine, (service, colour, release) = self.machine, labels
        image = machine.engine.images.get(commands.image_tag(service, release))
        if image is None:
            return self._fail("no such image")
        yield "compose removes"
        machine.engine.remove([c.id for c in machine.engine.of(service, colour)], force=True)
        for number in range(1, replicas + 1):
            yield Wait(machine.now_s + STARTS_S)
            yield "compose creates"
            name = f"{service}-{colour}-{key}-{number}"
            made = machine.engine.create(name, labels, machine.now_s, image.app)
            if made.app.exits:
                machine.spawn(f"the crash of {name}", _crash(machine, made))
        return DONE

    def _hook(self, labels: tuple[str, str, str], name: str) -> Life:
        machine = self.machine
        image = machine.engine.images.get(commands.image_tag(labels[0], labels[2]))
        yield "compose runs"
        if image is None or machine.engine.named(name) is not None:
            return self._fail(f"no such image, or {name} is there already")
        made = machine.engine.create(name, labels, machine.now_s, image.app)
        made.one_off = True
        machine.spawn(name, _migrate(machine, made))
        return DONE


def _migrate(machine: Machine, container: Container) -> Life:
    """The hook's container is the engine's: it lives on, whoever has started it."""
    yield Wait(machine.now_s + container.app.hook_s)
    if container.id in machine.engine.containers and container.running:
        container.running, container.exit_code = False, int(container.app.hook_fails)
        if not container.app.hook_fails:
            machine.engine.hooks_done.append(container.name)
    return DONE


def _crash(machine: Machine, container: Container) -> Life:
    yield Wait(machine.now_s + DIES_S)
    container.running, container.exit_code, container.restarts = False, 1, 1
    return DONE
