"""What the commands of the room share: the group, the options, the way to a site."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import load_config
from pyhelpers.errors import ConfigurationError, WrongUsage
from pyhelpers.hosts.cli import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyhelpers.backup.model import Item
    from pyhelpers.backup.site import Site
    from pyhelpers.config.backups import Backup
    from pyhelpers.config.model import Config
    from pyhelpers.steps import Notes, Step

json_option = click.option("--json", "json_wanted", is_flag=True, help="One object on stdout.")
only_option = click.option(
    "--only", multiple=True, metavar="ITEM", help="As `list` names it; again for more than one."
)


def complete_hosts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """For shell completion: the hosts with a backup."""
    try:
        config = load_config(ctx.params.get("file") or Path("protostar.yml"))
        return [name for name in backup_of(config).hosts if name.startswith(incomplete)]
    except Exception:  # noqa: BLE001 - a completion must not break the user's prompt
        return []


host_argument = click.argument("host", shell_complete=complete_hosts)


@click.group(name="backup", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Keep a host's data elsewhere, encrypted, and prove that it comes back.

    \b
    Examples:
      protostar backup run a5         keep everything that protostar.yml names
      protostar backup list a5        what the store has, and how old it is
      protostar backup drill a5       bring it back into scratch containers, and count
      protostar backup verify a5      read the store
      protostar backup restore a5     bring it back for good; asks first
    \b
    Exit codes: 0 done · 1 unexpected · 2 usage · 3 configuration · 4 preflight or unreachable ·
    5 locked by another · 6 failed, what runs is as it was · 7 failed after the swap ·
    130 interrupted
    """


def backup_of(config: Config) -> Backup:
    if config.backup is None:
        raise ConfigurationError(
            error="protostar.yml has no `backup`: nothing is kept",
            try_="see `backup:` in protostar.example.yml",
        )
    return config.backup


@contextmanager
def opened(file: Path, name: str, *, json_wanted: bool = False) -> Iterator[Site]:
    """A host with what is shown of it. Raises `PreflightError` when it has no backup container."""
    view = console.steps_view(json_wanted=json_wanted)
    try:
        yield _site(file, name, view)
    finally:
        view.close()


def _site(file: Path, name: str, show: Notes[Step]) -> Site:
    from pyhelpers.backup.site import Site

    config = load_config(file)
    backup = backup_of(config)
    if name not in backup.hosts:
        raise WrongUsage(
            error=f"backup.hosts has no `{name}` in protostar.yml",
            try_=f"one of: {', '.join(sorted(backup.hosts))}",
        )
    project = f"{config.project}-{name}"
    host = host_of(config, name)
    site = Site(host, project, backup.hosts[name], backup.keep, time, show)
    site.look()
    return site


@contextmanager
def alone(site: Site) -> Iterator[None]:
    """One that changes something at a time on a host. Raises `LockedError`."""
    from pyhelpers.hosts.lock import hold

    path = site.host.root / "guard" / "backup.lock"
    site.on_host(["mkdir", "-p", str(path.parent)], "the lock cannot be made")
    with hold(site.host, path, shared=False, wait_s=2):
        yield


def chosen_items(site: Site, only: Sequence[str]) -> list[Item]:
    """`postgres`, `dump:protostar`; a kind alone is all of its kind."""
    known = site.items
    for name in only:
        if not any(name in (item.name, item.kind) for item in known):
            raise WrongUsage(
                error=f"nothing of {site.host.name} is called `{name}`",
                try_=f"one of: {', '.join(item.name for item in known)}",
            )
    return [each for each in known if not only or each.name in only or each.kind in only]


def stamp() -> str:
    """This run's name: its moment."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
