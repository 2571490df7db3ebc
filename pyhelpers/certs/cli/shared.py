"""The group, and the way from protostar.yml to one certificate's site."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import click

from pyhelpers.config.options import load_config
from pyhelpers.errors import ConfigurationError, WrongUsage
from pyhelpers.hosts.cli import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pyhelpers.certs.authority import Authority, Proof
    from pyhelpers.certs.pipeline import Site
    from pyhelpers.config.certificates import Certificates
    from pyhelpers.config.model import Config
    from pyhelpers.hosts.protocol import Host
    from pyhelpers.steps import Notes, Step

names_argument = click.argument("names", nargs=-1)


@click.group(name="certs", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Certificates by ACME: issued, renewed in time, served without a reload.

    \b
    Examples:
      protostar certs list       what is there, until when, and what is due
      protostar certs renew      renew what is due; again: nothing to do
    \b
    Exit codes: 0 done or nothing to do · 1 unexpected · 2 usage · 3 configuration ·
    4 preflight or unreachable · 5 locked by another · 6 failed, the old one is served ·
    7 failed after it was placed, says what is served · 130 interrupted
    """


class Opened:
    """protostar.yml, read; sites and authorities of it, made when they are wanted."""

    def __init__(self, file: Path, show: Notes[Step]) -> None:
        self.config: Config = load_config(file)
        if self.config.certificates is None:
            raise ConfigurationError(
                error="protostar.yml has no `certificates`: nothing is issued",
                try_="see `certificates:` in protostar.example.yml",
            )
        self.settings: Certificates = self.config.certificates
        self._folder, self._show = file.resolve().parent, show
        self._authorities: dict[str, Authority] = {}

    def sites(self, names: Sequence[str]) -> list[Site]:
        from pyhelpers.certs.pipeline import Site

        known = self.settings.issue
        for name in names:
            if name not in known:
                raise WrongUsage(
                    error=f"certificates.issue has no `{name}`",
                    try_=f"one of: {', '.join(sorted(known))}",
                )
        chosen = [name for name in known if not names or name in names]
        return [
            Site(host_of(self.config, known[name].host), name, known[name], time, self._show)
            for name in chosen
        ]

    def authority(self, host: Host) -> Authority:
        """One account a host."""
        from pyhelpers.certs.authority import Authority
        from pyhelpers.certs.pipeline import account_key

        if host.name not in self._authorities:
            trust = self.settings.trust
            path = str(self._folder / trust) if trust else None
            key = account_key(host)
            self._authorities[host.name] = Authority(self.settings.server, key, path)
        return self._authorities[host.name]

    def asks(self, site: Site) -> Callable[[], Authority]:
        """Only when something is asked of it does it have to answer."""
        return partial(self.authority, site.host)

    def proof(self, site: Site) -> Proof:
        from pyhelpers.certs.proofs import DnsProof, HttpProof
        from pyhelpers.hosts.local import LocalHost

        dns = self.settings.dns
        if site.settings.challenge == "http-01" or dns is None:
            return HttpProof(site.host)
        here = LocalHost("here", PurePosixPath(self._folder))
        program, *rest = dns.command
        beside = self._folder / program
        command = [str(beside) if beside.is_file() else program, *rest]
        return DnsProof(here, command, dns.wait_s, time.sleep)


@contextmanager
def alone(host: Host) -> Iterator[None]:
    """One that renews at a time on a host. Raises `LockedError`."""
    from pyhelpers.hosts.lock import hold

    path = host.root / "guard" / "certs.lock"
    host.run(["mkdir", "-p", str(path.parent)], deadline_s=20)
    with hold(host, path, shared=False, wait_s=2):
        yield
