"""What the commands of the room share: the group, the options, the way to a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from pyhelpers.config.options import complete, complete_services, load_config
from pyhelpers.deploy.compose_version import ComposeVersion
from pyhelpers.deploy.machine import service_of
from pyhelpers.errors import WrongUsage
from pyhelpers.hosts.cli import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pyhelpers.config.model import Config
    from pyhelpers.deploy.site import Site
    from pyhelpers.errors import ProtostarError

T = TypeVar("T")

json_option = click.option("--json", "json_wanted", is_flag=True, help="One object on stdout.")


hosts_option = click.option(
    "--host", "hosts", multiple=True, help="Only on this one of its hosts; may be repeated."
)
host_option = click.option("--host", help="Which of its hosts, where it has several.")


def complete_hosts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return complete(ctx, incomplete, "hosts")


def complete_places(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return complete(ctx, incomplete, "hosts", "services")


service_argument = click.argument("service", shell_complete=complete_services)


def hosts_of(config: Config, name: str, only: Sequence[str] = ()) -> tuple[str, ...]:
    """The hosts of a service, in its order; with `only`, those of them.

    Raises `WrongUsage` for one that it does not run on.
    """
    known = service_of(config, name).host_names
    for host in only:
        if host not in known:
            raise WrongUsage(
                error=f"{name} does not run on a host `{host}`",
                try_=f"--host with one of: {', '.join(known)}",
            )
    return tuple(host for host in known if not only or host in only)


def site_of(file: Path, name: str, only: str | None = None) -> Site:
    """For what is done to one host at a time. Raises `WrongUsage` when it is not clear which."""
    config = load_config(file)
    names = hosts_of(config, name, [only] if only else [])
    if len(names) > 1:
        raise WrongUsage(
            error=f"{name} runs on several hosts: {', '.join(names)}",
            try_=f"the same command with --host {names[0]}",
        )
    return _open(config, file, name, names[0])


def sites_of(
    file: Path,
    name: str,
    only: Sequence[str] = (),
    *,
    no_registry: bool = False,
    starting: bool = True,
) -> tuple[Site, ...]:
    """On each of its hosts, in its order, for a decision. Raises the error of those not reached.

    `starting`: most probably a colour will be started, so what that needs is asked ahead.
    """
    from pyhelpers.deploy.turns import ask_all

    config = load_config(file)
    config = config.without_registry() if no_registry else config
    names = hosts_of(config, name, only)
    found = ask_all(names, in_threads(lambda host: _open(config, file, name, host, ahead=starting)))
    return tuple(found[host] for host in names)


def _open(config: Config, file: Path, name: str, host: str, *, ahead: bool = False) -> Site:
    machine = host_of(config, host)
    compose = ComposeVersion(machine)
    if ahead:
        compose.ask()
    from pyhelpers.deploy.site import open_site  # it imports docker-py: 0.2 s

    return open_site(config, file.resolve().parent, name, machine, compose)


def in_threads(question: Callable[[str], T]) -> Callable[[str], T]:
    """So that other threads find the command that they work for, and close what they open."""
    context = click.get_current_context()

    def asked(name: str) -> T:
        with context.scope(cleanup=False):
            return question(name)

    return asked


def end_with(problems: Mapping[str, ProtostarError], *, json_wanted: bool) -> None:
    """What could be read is shown; the exit code and the next command are of what could not."""
    from pyhelpers.deploy.fleet import refusal

    if not problems:
        return
    problem = refusal(problems)
    if json_wanted:
        click.get_current_context().exit(problem.exit_code)
    raise problem


@click.group(name="deploy", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Replace a running service so that nobody notices.

    \b
    Examples:
      protostar deploy plan api v2            what would be done, step by step
      protostar deploy run api v2             do it
      protostar deploy run api v2 --detach    return once the new colour is committed
      protostar deploy rollback api           the last good release, no version needed
      protostar deploy rollback api --now     and end the deploy that is going on
      protostar deploy run api v2 --only-failed   go on where it stopped, on several hosts
      protostar deploy run api v2 --no-registry   the registry is down: from this machine
      protostar deploy status                 what serves where
      protostar deploy logs api --follow      what it writes
    \b
    Exit codes: 0 done or nothing to do · 1 unexpected · 2 usage · 3 configuration ·
    4 preflight or unreachable · 5 locked by another · 6 failed, traffic never moved ·
    7 failed after the switch · 130 interrupted
    """
