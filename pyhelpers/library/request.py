"""A step's request as commands: the same that a person would type in the infra checkout. Pure."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

IMAGE_FILE = "image"


@dataclass(frozen=True, slots=True)
class Request:
    """What the library writes beside the workspace. `folder`: where the outcomes are kept."""

    action: str
    settings: Mapping[str, Any]
    workspace: str
    infra: str
    folder: str
    build: Mapping[str, Any]

    @property
    def service(self) -> str:
        return self.settings.get("service") or ""

    @property
    def lock_wait_s(self) -> float:
        return 60.0 * float(self.settings["lockWaitMinutes"])


@dataclass(frozen=True, slots=True)
class Command:
    """`words`: after `protostar`. `name`: what its outcome is kept as."""

    name: str
    words: tuple[str, ...]


def parse(told: Mapping[str, Any]) -> Request:
    return Request(
        action=told["action"],
        settings=told["settings"],
        workspace=told["workspace"],
        infra=told["infra"],
        folder=told["folder"],
        build=told["build"],
    )


def commands(request: Request, hosts_with_stack: Sequence[str]) -> tuple[Command, ...]:
    """`hosts_with_stack`: the service's hosts whose configuration is ours to sync."""
    if request.action == "sync":
        hosts = [request.settings["host"]] if "host" in request.settings else hosts_with_stack
        return tuple(_sync(request, host) for host in hosts if _sync_mode(request) != "none")
    return (Command(request.action, _WORDS[request.action](request)),)


def _sync(request: Request, host: str) -> Command:
    overwrite = _flag(request, "overwrite")
    return Command(f"sync-{host}", ("sync", _sync_mode(request), host, *overwrite, "--json"))


def _sync_mode(request: Request) -> str:
    settings = request.settings
    if "host" in settings:
        return "plan" if settings.get("planOnly") else "apply"
    return str(settings["sync"])


def _build(request: Request) -> tuple[str, ...]:
    settings = request.settings
    tag = (settings["tag"],) if settings["tag"] else ()
    context = posixpath.normpath(posixpath.join(request.workspace, settings["context"]))
    image = posixpath.join(request.folder, IMAGE_FILE)
    dirty = _flag(request, "allowDirty")
    return (
        *("build", request.service, *tag, "--context", context),
        *("--digest-file", image, *dirty, "--json", "--steps"),
    )


def _plan(request: Request) -> tuple[str, ...]:
    where = (*_hosts(request), *_flag(request, "noRegistry"))
    return ("deploy", "plan", request.service, request.settings["version"], *where, "--json")


def _deploy(request: Request) -> tuple[str, ...]:
    where = (*_hosts(request), *_flag(request, "noRegistry"))
    return ("deploy", "run", request.service, request.settings["version"], *where, *_way(request))


def _rollback(request: Request) -> tuple[str, ...]:
    to = ("--to", request.settings["to"]) if request.settings["to"] else ()
    where = _hosts(request)
    now = _flag(request, "now")
    return ("deploy", "rollback", request.service, *to, *now, *where, *_way(request))


def _status(request: Request) -> tuple[str, ...]:
    return ("deploy", "status", *([request.service] if request.service else []), "--json")


def _way(request: Request) -> tuple[str, ...]:
    flags = (*_flag(request, "onlyFailed"), *_flag(request, "detach"))
    return (*flags, "--json", "--steps")


def _hosts(request: Request) -> tuple[str, ...]:
    return tuple(word for host in request.settings["hosts"] for word in ("--host", host))


FLAGS = {
    "allowDirty": "--allow-dirty",
    "detach": "--detach",
    "noRegistry": "--no-registry",
    "now": "--now",
    "onlyFailed": "--only-failed",
    "overwrite": "--overwrite",
}


def _flag(request: Request, name: str) -> tuple[str, ...]:
    return (FLAGS[name],) if request.settings.get(name) else ()


_WORDS: Mapping[str, Callable[[Request], tuple[str, ...]]] = {
    "build": _build,
    "plan": _plan,
    "deploy": _deploy,
    "verify": _status,
    "rollback": _rollback,
    "status": _status,
}


def who(build: Mapping[str, Any]) -> str:
    """The person behind a build, or what began it, and the build: `kim@api#12`."""
    users = [cause["userId"] for cause in build["causes"] if cause.get("userId")]
    return f"{users[0] if users else 'jenkins'}@{build['job']}#{build['number']}"
