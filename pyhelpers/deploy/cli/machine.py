"""The commands about a machine: is it fit to be deployed to, and make it so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import config_option, load_config
from pyhelpers.deploy.cli.shared import (
    complete_hosts,
    complete_places,
    group,
    in_threads,
    json_option,
)
from pyhelpers.errors import PreflightError, Unreachable, WrongUsage
from pyhelpers.hosts.cli import host_as, host_of, user_on

if TYPE_CHECKING:
    from pyhelpers.config.model import Config
    from pyhelpers.deploy.prepare.model import PrepareStep, Wanted


@group.command()
@click.argument("names", nargs=-1, metavar="[HOST|SERVICE]...", shell_complete=complete_places)
@config_option
@json_option
def doctor(names: tuple[str, ...], file: Path, *, json_wanted: bool) -> None:
    """Everything that a deploy will need, checked at once, with the command that mends it.

    A host is looked at with every service on it; without a name, all hosts.

    \b
    Examples:
      protostar deploy doctor
      protostar deploy doctor a5
      protostar deploy doctor api --json
    """
    import dataclasses

    from pyhelpers.deploy.doctor.examine import Doctor
    from pyhelpers.deploy.doctor.model import FAIL
    from pyhelpers.errors import Exit

    config = load_config(file)
    folder = file.resolve().parent
    findings = Doctor(config, folder, in_threads(lambda name: host_of(config, name))).examine(names)
    if json_wanted:
        console.as_json([dataclasses.asdict(finding) for finding in findings])
    else:
        rows = [(each.level, each.of, each.what, each.mend) for each in findings]
        console.table(("", "of", "what", "mend"), rows)
    if any(finding.level == FAIL for finding in findings):
        click.get_current_context().exit(Exit.PREFLIGHT)


@group.command()
@click.argument("host", shell_complete=complete_hosts)
@click.option("--apply", "apply_wanted", is_flag=True, help="Run it; else it is printed.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The deployer's public key, a .pub file; without it, no key is let in.",
)
@click.option("--user", help="Who deploys there; default: the user in protostar.yml.")
@click.option("--as", "login", metavar="[USER@]HOST[:PORT]", help="Who connects: root, or sudo.")
@config_option
def prepare(
    host: str,
    key_file: Path | None,
    user: str | None,
    login: str | None,
    file: Path,
    *,
    apply_wanted: bool,
) -> None:
    """What a new Debian or Ubuntu server needs, as a script; with --apply, run there.

    Engine, deploy user, its key with what it may do, root folder, log rotation, live-restore,
    sshd. Looks first: what is there already is left alone, and a second run changes nothing.

    \b
    Examples:
      protostar deploy prepare a5 --key deploy.pub > prepare.sh
      protostar deploy prepare a5 --key deploy.pub --as root@a5.lan --apply
    """
    config = load_config(file)
    _must_know(config, host)
    wanted = _wanted(config, host, user, key_file)
    if apply_wanted:
        _apply(config, host, login, wanted)
    else:
        _print(config, host, login, wanted)


def _must_know(config: Config, host: str) -> None:
    if host not in config.hosts:
        raise WrongUsage(
            error=f"there is no host `{host}` in protostar.yml",
            try_=f"one of: {', '.join(sorted(config.hosts))}",
        )


def _wanted(config: Config, host: str, user: str | None, key_file: Path | None) -> Wanted:
    from pyhelpers.deploy.prepare.key import public_key
    from pyhelpers.deploy.prepare.model import Wanted, private_ports, user_name

    settings = config.hosts[host]
    return Wanted(
        user=user_name(user or user_on(settings)),
        root=settings.root,
        key=public_key(key_file.read_text(encoding="utf-8"), str(key_file)) if key_file else "",
        open_ports=private_ports(config, host),
    )


def _apply(config: Config, host: str, login: str | None, wanted: Wanted) -> None:
    from pyhelpers.deploy.prepare.apply import apply

    if not apply(host_as(config, host, login), wanted, _show):
        console.say(f"{host}: nothing to do")


def _show(state: str, step: PrepareStep) -> None:
    console.say(f"{state:<{console.NAME_WIDTH}} {step.name}")
    if step.note:
        console.warn(step.note)


def _print(config: Config, host: str, login: str | None, wanted: Wanted) -> None:
    """A server that cannot be looked at gets the script for a new one."""
    from pyhelpers.deploy.prepare.model import ServerFacts
    from pyhelpers.deploy.prepare.reading import read_server, root_prefix
    from pyhelpers.deploy.prepare.script import as_script
    from pyhelpers.deploy.prepare.steps import steps

    at, unread = host_as(config, host, login), ""
    try:
        facts = read_server(at, wanted, root_prefix(at))
    except (Unreachable, PreflightError) as problem:
        console.warn(problem.error)
        facts, unread = ServerFacts(), problem.error
    console.say(as_script(host, steps(facts, wanted), unread))
