"""One host, or one service on its hosts: all findings, whatever fails on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pyhelpers.deploy.doctor import service
from pyhelpers.deploy.doctor.model import FAIL, OK, Finding
from pyhelpers.deploy.doctor.reading import Looker, read_machine
from pyhelpers.deploy.doctor.registry import examine_registry
from pyhelpers.deploy.doctor.verdicts import judge
from pyhelpers.deploy.machine import services_on
from pyhelpers.deploy.site import open_site
from pyhelpers.deploy.turns import ask_all
from pyhelpers.errors import ProtostarError, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pyhelpers.config.model import Config
    from pyhelpers.hosts.protocol import Host


CONNECT_S = 30.0


@dataclass(frozen=True, slots=True)
class Doctor:
    """`connect` gives a host by its name, in threads; it stays the caller's to close."""

    config: Config
    folder: Path
    connect: Callable[[str], Host]
    now: Callable[[], float] = time.time

    def examine(self, names: Sequence[str]) -> list[Finding]:
        """A host with all its services, or a service; none: all hosts.

        Raises `WrongUsage` for a name that is neither.
        """
        hosts, services = self._chosen(names)
        looks: dict[str, Callable[[Host], list[Finding]]] = dict.fromkeys(hosts, self._whole)
        for host in self.config.hosts:
            named = [name for name in services if host in self.config.services[name].host_names]
            # A host that was named has its services looked at already.
            if named and host not in looks:
                looks[host] = partial(self._services, names=named)
        found = ask_all(looks, lambda host: self._on_host(host, looks[host]))
        return [finding for each in found.values() for finding in each]

    def _chosen(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        config = self.config
        unknown = [n for n in names if n not in config.hosts and n not in config.services]
        if unknown:
            raise WrongUsage(
                error=f"`{unknown[0]}` is neither a host nor a service in protostar.yml",
                try_=f"one of: {', '.join([*sorted(config.hosts), *sorted(config.services)])}",
            )
        hosts = [name for name in config.hosts if name in names or not names]
        return hosts, [name for name in config.services if name in names]

    def _whole(self, host: Host) -> list[Finding]:
        looker = Looker(host, self.config, self.now)
        return [
            *_caught(host.name, lambda: judge(read_machine(looker))),
            *_caught(host.name, lambda: examine_registry(self.config, host)),
            *self._services(host, tuple(services_on(self.config, host.name))),
        ]

    def _services(self, host: Host, names: Sequence[str]) -> list[Finding]:
        return [finding for name in names for finding in self._service(host, name)]

    def _on_host(self, name: str, look: Callable[[Host], list[Finding]]) -> list[Finding]:
        """Who cannot be reached has one line; nothing else about it can be known."""
        try:
            host = self.connect(name)
            # A connection is made with the first command.
            host.run(["true"], deadline_s=CONNECT_S)
        except ProtostarError as problem:
            return [Finding(FAIL, problem.error, problem.try_, name)]
        return [Finding(OK, f"{name} can be reached", of=name), *look(host)]

    def _service(self, host: Host, name: str) -> list[Finding]:
        return _caught(
            name, lambda: service.examine(open_site(self.config, self.folder, name, host))
        )


def _caught(of: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(replace(finding, of=of) for finding in look())
    except ProtostarError as problem:
        found.append(Finding(FAIL, problem.error, problem.try_, of))
    return found
