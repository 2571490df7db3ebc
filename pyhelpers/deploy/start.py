"""The steps before traffic: fetch the image, run the hooks, start the idle colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docker.errors import NotFound

from pyhelpers.deploy import commands
from pyhelpers.deploy.compose_file import file_mode
from pyhelpers.deploy.facts import Engine, read_containers, running_hooks
from pyhelpers.deploy.images.endings import must, tail
from pyhelpers.deploy.images.find import image_here
from pyhelpers.deploy.images.ship import ship
from pyhelpers.deploy.images.tunnel import pull_through
from pyhelpers.deploy.model import Way
from pyhelpers.errors import FailedBeforeSwitch, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhelpers.deploy.model import ImageFacts
    from pyhelpers.deploy.run import Run
    from pyhelpers.hosts.protocol import Host

PULL_S = 1800.0
COMPOSE_S = 120.0
QUICK_S = 30.0
LAST_LINES = 50


def fetch_image(run: Run) -> None:
    """Bring what is not there, give it the release's own name, deliver the release's folder.

    Raises `FailedBeforeSwitch` when an engine, a disk or the registry refuses.
    """
    image = run.plan.image
    if run.plan.pull and image is not None:
        WAYS[image.way](run, image)
    else:
        _name(run, (image.here_as if image else "") or run.plan.target.release.image)
    _deliver_folder(run)


def _pull(run: Run, image: ImageFacts) -> None:
    """By the host's own engine, which reaches the registry."""
    pulled = run.guard.run(commands.pull(image.reference), deadline_s=PULL_S, on_line=run.show.note)
    must(run, pulled, f"pulling {image.reference}")
    _name(run, image.reference)


# Each leaves the image on the host under the release's name.
WAYS: dict[Way, Callable[[Run, ImageFacts], None]] = {
    Way.PULL: _pull,
    Way.TUNNEL: pull_through,
    Way.SHIP: ship,
}


def _name(run: Run, image: str) -> None:
    """The release's own name, so that nobody prunes it. A repeated deploy finds it named."""
    name, release = run.plan.target.name, run.plan.target.release
    if not _is_named(run.host, image, commands.image_tag(name, release.id)):
        tagged = run.guard.run(commands.tag(image, name, release.id), deadline_s=QUICK_S)
        must(run, tagged, "tag")


def _is_named(host: Host, image: str, name: str) -> bool:
    """Asked of the engine: starting docker's client to say it again would take 0.05 s."""
    named, found = image_here(host, name), image_here(host, image)
    return named is not None and found is not None and named.reference == found.reference


def _deliver_folder(run: Run) -> None:
    name, release = run.plan.target.name, run.plan.target.release
    folder = commands.release_folder(run.host.root, name, release.id)
    present = run.host.names(folder)
    for file, data in run.files.items():
        if file not in present:
            run.host.put(folder / file, data, file_mode(file))


def run_hooks(run: Run) -> None:
    """Each hook once a release: its container's name says that it has run."""
    service = run.plan.target.service
    _wait_for_running_hooks(run)
    # Said before the first one starts: if we die in it, the record still knows.
    run.about = {**run.about, "hooks_ran": True}
    run.guard.about(run.about)
    for number, argv in enumerate(service.before_switch, start=1):
        if _has_run(run, number):
            run.show.note(f"hook {number} has run for this release already")
            continue
        _run_hook(run, number, argv)


def _wait_for_running_hooks(run: Run) -> None:
    """Of whatever release: a migration that outlived its deployer must not get a second beside it.

    It is waited for, never removed.
    """
    name, limit_s = run.plan.target.name, run.plan.target.service.before_switch_timeout_s
    left = []
    for container in running_hooks(run.host, name):
        run.show.note(f"waiting for {container}, of an earlier attempt")
        waited = run.guard.run(commands.wait_for(container), deadline_s=limit_s)
        left += [] if waited.ok else [container]
    if left and left[0] in running_hooks(run.host, name):
        raise FailedBeforeSwitch(
            error=f"{left[0]}, of an earlier attempt, still runs after {limit_s:g} s",
            try_=f"docker logs --tail 50 {left[0]}",
        )


def _run_hook(run: Run, number: int, argv: list[str]) -> None:
    """Detached and waited for: what we or our connection do meanwhile does not reach it."""
    target, host = run.plan.target, run.host
    key, limit_s = target.service.compose_service, target.service.before_switch_timeout_s
    container = commands.hook_container(target.name, target.release.id, number)
    run.show.note(f"`docker logs -f {container}` shows it")
    command = commands.hook(
        host.root, target.name, target.release, run.plan.idle, key, number, argv
    )
    finished = run.guard.run(command, deadline_s=limit_s)
    # The engine's list may show it for a moment after `docker wait` has told its exit status.
    if not finished.out.strip() and container in running_hooks(host, target.name):
        raise FailedBeforeSwitch(
            error=f"hook `{' '.join(argv)}` did not end within {limit_s:g} s; it still runs",
            try_=f"docker logs --tail 50 {container}",
        )
    if finished.out.strip() != "0":
        raise FailedBeforeSwitch(
            error=f"hook `{' '.join(argv)}` ended with {finished.out.strip() or tail(finished)}; "
            f"its last lines:\n{last_log_lines(run, container)}",
            try_=f"docker logs {container}",
        )


def _has_run(run: Run, number: int) -> bool:
    """A failed attempt's container is removed, so that its name is free for the next."""
    name = commands.hook_container(run.plan.target.name, run.plan.target.release.id, number)
    try:
        state = Engine(run.host).inspect_container(name)["State"]
    except NotFound:
        return False
    if state["Status"] == "exited" and state["ExitCode"] == 0:
        return True
    run.guard.run(commands.remove_containers([name]), deadline_s=QUICK_S)
    return False


def start_idle(run: Run) -> None:
    """The idle colour's Compose project from the release's folder. From here on it is ours."""
    target, plan = run.plan.target, run.plan
    run.guard.mine(plan.idle)
    before = read_containers(run.host, target.name, target.gateway.network)
    stale = [c.id for c in before if c.colour is plan.idle and not c.running and not c.adopted]
    if stale:
        run.guard.run(commands.remove_containers(stale), deadline_s=QUICK_S)
    service = target.service
    command = commands.up(
        run.host.root,
        target.name,
        target.release,
        plan.idle,
        service.replicas,
        service.compose_service,
    )
    finished = run.guard.run(command, deadline_s=COMPOSE_S)
    if not finished.ok:
        raise FailedBeforeSwitch(
            error=f"{commands.project(target.name, plan.idle)} did not start: {tail(finished)}",
            try_=f"protostar deploy plan {target.name} {target.release.label}",
        )


def last_log_lines(run: Run, container: str) -> str:
    """The end of a failed container's log, for the error's reader. Never an error of its own."""
    try:
        text: bytes = Engine(run.host).logs(container, tail=LAST_LINES)
    except (Unreachable, NotFound) as problem:
        return f"(its log cannot be read: {type(problem).__name__})"
    return text.decode(errors="replace").rstrip()
