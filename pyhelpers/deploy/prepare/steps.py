"""Facts of a server → the steps that are missing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.prepare import daemon, key, packages, sessions
from pyhelpers.deploy.prepare.model import PrepareStep, command, write_file
from pyhelpers.deploy.versions import COMPOSE_AT_LEAST, ENGINE_AT_LEAST, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.deploy.prepare.model import Command, ServerFacts, Wanted

# Under systemd its service, else the init script of Debian's package, or the process itself.
START = (
    'if [ -d /run/systemd/system ]; then systemctl enable --now "$1"; else service "$1" start; fi'
)
RELOAD = (
    'if [ -d /run/systemd/system ]; then systemctl reload "$1"; else kill -HUP "$(cat "$2")"; fi'
)
# Without systemd, whoever keeps the engine running starts it anew; it has no better name.
RESTART = (
    'if [ -d /run/systemd/system ]; then systemctl restart "$1"; else p=$(cat "$2"); kill "$p"; '
    'while kill -0 "$p" 2>/dev/null; do sleep 0.1; done; fi'
)
DOCKER_PID = "/run/docker.pid"
# Started is not answering yet.
AWAIT = "until docker info >/dev/null 2>&1; do sleep 0.5; done"


def steps(facts: ServerFacts, wanted: Wanted) -> list[PrepareStep]:
    """In the order in which each can rely on those before it.

    Raises `PreflightError` for a server that has to be settled by hand first.
    """
    found = [_engine(facts), _user(facts, wanted), _group(facts, wanted)]
    if wanted.key:
        found.append(_key(facts, wanted))
    return [
        *found,
        _folders(facts, wanted),
        _daemon(facts),
        _sshd(facts, wanted),
        _logind(facts, wanted),
    ]


def _engine(facts: ServerFacts) -> PrepareStep:
    there = version_of(facts.engine) >= ENGINE_AT_LEAST
    complete = there and version_of(facts.compose) >= COMPOSE_AT_LEAST
    return PrepareStep(
        "engine",
        "Docker engine and the Compose plug-in, from the distribution's own packages.",
        () if complete else tuple(_install(facts)),
    )


def _install(facts: ServerFacts) -> Iterator[Command]:
    names = packages.engine_packages(facts.os_release)
    yield command("apt-get", "update", "--quiet")
    quiet = ("env", "DEBIAN_FRONTEND=noninteractive")
    yield command(*quiet, "apt-get", "install", "--yes", "--no-install-recommends", *names)
    yield command("sh", "-c", START, "start", "docker")
    yield command("timeout", "60", "sh", "-c", AWAIT)


def _user(facts: ServerFacts, wanted: Wanted) -> PrepareStep:
    add = command("useradd", "--create-home", "--shell", "/bin/bash", wanted.user)
    return PrepareStep(
        "user", "Deploys come in as this user; it has no password.", () if facts.passwd else (add,)
    )


def _group(facts: ServerFacts, wanted: Wanted) -> PrepareStep:
    add = command("usermod", "--append", "--groups", "docker", wanted.user)
    # root needs no group.
    there = wanted.user == "root" or "docker" in facts.groups.split()
    return PrepareStep(
        "group",
        "The right to use the engine. It is as good as root here: who has the key below is root.",
        () if there else (add,),
    )


def _key(facts: ServerFacts, wanted: Wanted) -> PrepareStep:
    text = key.with_key(facts.authorized_keys, wanted.key, wanted.open_ports)
    folder = f"{facts.home(wanted.user)}/.ssh"
    # As the user: root must not write through a link that somebody laid in a home.
    as_user = ("runuser", "-u", wanted.user, "--")
    folder_made = command(*as_user, "mkdir", "-p", "-m", "700", folder)
    write = write_file(f"{folder}/authorized_keys", text, "600", as_user)
    return PrepareStep(
        "key",
        "The deployer's key. restrict: no terminal, no agent, no forwarding but what follows it:\n"
        "listeners on loopback for the images' way here, and the gateways' private ports.",
        () if text == facts.authorized_keys else (folder_made, *write),
    )


def _folders(facts: ServerFacts, wanted: Wanted) -> PrepareStep:
    root = str(wanted.root)
    right = f"{wanted.user} 755"
    missing = [
        path
        for path, told in zip((root, f"{root}/live"), facts.folders, strict=True)
        if told.strip() != right
    ]
    make = command("install", "-d", "-m", "755", "-o", wanted.user, *missing)
    return PrepareStep(
        "folders",
        "What Protostar keeps here. live/ is mounted by the gateway: were it missing, the engine\n"
        "would make it, and it would be root's.",
        (make,) if missing else (),
    )


def _daemon(facts: ServerFacts) -> PrepareStep:
    text = daemon.merged(facts.daemon_json, facts.dockerd)
    changed = text != facts.daemon_json
    return PrepareStep(
        "daemon.json",
        "Logs that rotate, and containers that go on while the engine restarts.",
        tuple(_daemon_commands(facts, text, changed=changed)),
        _daemon_note(facts) if changed else "",
    )


def _daemon_commands(facts: ServerFacts, text: str, *, changed: bool) -> Iterator[Command]:
    if changed:
        yield command("mkdir", "-p", "/etc/docker")
        yield from _write_checked(text)
    # Live-restore counts from the reload on. When it is a flag, only a restart would change it.
    if "--live-restore" in facts.dockerd or (facts.live_restore and not changed):
        return
    yield command("sh", "-c", RELOAD, "reload", "docker", DOCKER_PID)
    if changed and not facts.containers_running:
        yield command("timeout", "120", "sh", "-c", RESTART, "restart", "docker", DOCKER_PID)
        yield command("timeout", "60", "sh", "-c", AWAIT)


def _write_checked(text: str) -> Iterator[Command]:
    """The engine would not start on a file that it refuses."""
    first, *rest = write_file(daemon.PATH, text, "644")
    yield first
    yield command("dockerd", "--validate", "--config-file", f"{daemon.PATH}.new")
    yield from rest


def _daemon_note(facts: ServerFacts) -> str:
    if not facts.containers_running:
        return ""
    return (
        f"{facts.containers_running} containers run, so the engine was not restarted. live-restore "
        "counts already; the log rotation counts for containers made after its next restart "
        "(systemctl restart docker; containers go on meanwhile)"
    )


def _sshd(facts: ServerFacts, wanted: Wanted) -> PrepareStep:
    write = write_file(sessions.SSHD_PATH, sessions.sshd_conf(wanted.user), "644")
    commands = (
        command("mkdir", "-p", "/etc/ssh/sshd_config.d"),
        *write,
        command("sshd", "-t"),
        command("sh", "-c", RELOAD, "reload", "ssh", "/run/sshd.pid"),
    )
    return PrepareStep(
        "sshd",
        "A dead line is noticed soon, and forwards are allowed to this user.",
        () if sessions.sshd_is_right(facts.sshd) else commands,
    )


def _logind(facts: ServerFacts, wanted: Wanted) -> PrepareStep:
    text = sessions.logind_conf(facts.logind, wanted.user)
    commands = (
        command("mkdir", "-p", "/etc/systemd/logind.conf.d"),
        *write_file(sessions.LOGIND_PATH, text, "644"),
        command("systemctl", "kill", "--signal=HUP", "systemd-logind"),
    )
    kills = sessions.kills_processes_of(facts.logind, wanted.user)
    return PrepareStep(
        "logind",
        "The guard, which puts the old colour back, must outlive the connection.",
        commands if kills else (),
    )
