"""What the commands of the room share: the group, the options, the way to a site."""

from __future__ import annotations

import getpass
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from pyhelpers.config.options import load_config
from pyhelpers.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyhelpers.config.model import Config
    from pyhelpers.config.model import Host as HostSettings
    from pyhelpers.deploy.site import Site
    from pyhelpers.errors import ProtostarError
    from pyhelpers.hosts.protocol import Host
    from pyhelpers.hosts.ssh.address import Wanted

T = TypeVar("T")

json_option = click.option("--json", "json_wanted", is_flag=True, help="One object on stdout.")


hosts_option = click.option(
    "--host", "hosts", multiple=True, help="Only on this one of its hosts; may be repeated."
)
host_option = click.option("--host", help="Which of its hosts, where it has several.")


def complete_services(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """For shell completion: the services of protostar.yml."""
    return _complete(ctx, incomplete, "services")


def complete_hosts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _complete(ctx, incomplete, "hosts")


def complete_places(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return _complete(ctx, incomplete, "hosts", "services")


def _complete(ctx: click.Context, incomplete: str, *kinds: str) -> list[str]:
    try:
        config = load_config(ctx.params.get("file") or Path("protostar.yml"))
    except Exception:  # noqa: BLE001 - a completion must not break the user's prompt
        return []
    names = [name for kind in kinds for name in getattr(config, kind)]
    return [name for name in names if name.startswith(incomplete)]


service_argument = click.argument("service", shell_complete=complete_services)


def who() -> str:
    """user@machine, or what PROTOSTAR_WHO says (Jenkins names the person behind a build)."""
    name = os.environ.get("PROTOSTAR_WHO") or f"{this_user()}@{socket.gethostname()}"
    return re.sub(r"[^\w@.:+-]+", "_", name)


def this_user() -> str:
    """A container of a CI server may run as a number that has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def hosts_of(config: Config, name: str, only: Sequence[str] = ()) -> tuple[str, ...]:
    """The hosts of a service, in its order; with `only`, those of them.

    Raises `WrongUsage` for one that it does not run on.
    """
    from pyhelpers.deploy.site import service_of

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
    file: Path, name: str, only: Sequence[str] = (), *, no_registry: bool = False
) -> tuple[Site, ...]:
    """On each of its hosts, in its order. Raises the error of the hosts that cannot be asked."""
    from pyhelpers.deploy.turns import ask_all

    config = load_config(file)
    config = config.without_registry() if no_registry else config
    names = hosts_of(config, name, only)
    found = ask_all(names, in_threads(lambda host: _open(config, file, name, host)))
    return tuple(found[host] for host in names)


def _open(config: Config, file: Path, name: str, host: str) -> Site:
    from pyhelpers.deploy.site import open_site

    return open_site(config, file.resolve().parent, name, host_of(config, host))


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


def host_of(config: Config, name: str) -> Host:
    """One connection a host and command, whoever asks for it; closed when the command ends."""
    root = click.get_current_context().find_root()
    hosts: dict[str, Host] = root.meta.setdefault("protostar.hosts", {})
    if name not in hosts:
        hosts[name] = _opened(name, config.hosts[name])
        root.call_on_close(hosts[name].close)
    return hosts[name]


def host_as(config: Config, name: str, login: str | None) -> Host:
    """`login`: who connects instead of the user of protostar.yml, as protostar.yml's `ssh` says it.

    Raises `WrongUsage` for a login that is none.
    """
    from pydantic import ValidationError

    from pyhelpers.config.model import Host as Settings

    if login is None:
        return host_of(config, name)
    here = config.hosts[name]
    try:
        settings = Settings(ssh=login, root=here.root, host_key=here.host_key)
    except ValidationError:
        raise WrongUsage(
            error="--as takes user@host, user@host:port, or a name of ssh_config",
            try_="--as root@ADDRESS",
        ) from None
    host = _opened(name, settings)
    click.get_current_context().call_on_close(host.close)
    return host


def _opened(name: str, settings: HostSettings) -> Host:
    wanted = _wanted(settings)
    if wanted is None:
        from pyhelpers.hosts.local import LocalHost

        return LocalHost(name, settings.root)
    from pyhelpers.hosts.ssh.host import SshHost

    return SshHost(name, settings.root, wanted)


def _wanted(settings: HostSettings) -> Wanted | None:
    """None: it is this machine."""
    from pyhelpers.hosts.ssh.address import Wanted

    parts = settings.ssh_parts()
    if parts is None:
        return None
    user, host, port = parts
    return Wanted(host, user, port, settings.host_key or "")


def user_on(settings: HostSettings) -> str:
    """Whom a deploy comes as: what protostar.yml leaves out, ssh_config says."""
    from pyhelpers.hosts.ssh.host import way

    wanted = _wanted(settings)
    return this_user() if wanted is None else way(wanted)[-1].user


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
