"""What earlier deploys, or services that are gone, left on a machine. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.deploy.doctor.model import OK, WARN, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.deploy.doctor.model import Labelled, Machine


def leftovers(machine: Machine) -> Iterator[Finding]:
    found = [*_gone(machine), *_idle(machine), *_hooks(machine), *_incoming(machine)]
    yield from found or [Finding(OK, "nothing is left over")]


def _ours(machine: Machine) -> list[Labelled]:
    """Of this installation; another one on the same engine looks after its own."""
    listed = machine.engine.containers if machine.engine else ()
    return [each for each in listed if each.root in ("", machine.root)]


def _gone(machine: Machine) -> Iterator[Finding]:
    for service in sorted({each.service for each in _ours(machine)} - set(machine.services)):
        names = [each.name for each in _ours(machine) if each.service == service]
        words = f"{service} is not on {machine.name} in protostar.yml: {', '.join(names)}"
        yield Finding(WARN, words, f"docker rm --force --volumes {' '.join(names)}")


def _idle(machine: Machine) -> Iterator[Finding]:
    """Runs, and nobody sends to it, nor means to."""
    for name, state in machine.services.items():
        # Without exactly one marker it is not known which is which: the service's check says so.
        if state.held or state.keep_warm or len(state.live) != 1:
            continue
        names = [
            each.name
            for each in _ours(machine)
            if each.service == name
            and each.running
            and not each.one_off
            and each.colour not in state.live
        ]
        if names:
            words = f"{', '.join(names)} runs, is not live, and nobody deploys {name}"
            yield Finding(WARN, words, f"docker rm --force --volumes {' '.join(names)}")


def _hooks(machine: Machine) -> Iterator[Finding]:
    """A hook without a deploy outlived its deployer: the next deploy waits for it."""
    for each in _ours(machine):
        state = machine.services.get(each.service)
        if each.one_off and each.running and state is not None and not state.held:
            words = f"the hook {each.name} still runs, and nobody deploys {each.service}"
            yield Finding(WARN, words, f"docker wait {each.name}   # or: docker logs {each.name}")


def _incoming(machine: Machine) -> Iterator[Finding]:
    """Parts of images: a deploy that runs is using them, an interrupted one goes on with them."""
    if machine.incoming and not any(state.held for state in machine.services.values()):
        folder = f"{machine.root}/incoming"
        words = f"{len(machine.incoming)} files of unfinished transfers in {folder}"
        yield Finding(WARN, words, f"rm -r {folder}   # the next deploy starts its transfer anew")
