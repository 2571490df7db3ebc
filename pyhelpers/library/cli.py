"""`protostar library`: the commands. Composes the room; decides nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyhelpers import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.library.outcome import Outcome
    from pyhelpers.library.request import Command, Request

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(name="library", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """The Jenkins library: what its steps run on an agent, and its generated files.

    \b
    Examples:
      protostar library write --check    are the steps' help, reference and digest current?
      protostar library digest           of the package that runs here
    \b
    Exit codes: as those of the commands that a step runs; 4 when `write --check` finds something.
    """


@group.command()
@click.argument("request_file", type=_file, metavar="REQUEST")
def run(request_file: Path) -> None:
    """Carry out what a step of the library asks for. For Jenkins; a person types the commands.

    \b
    Example:
      protostar library run request.json
    """
    from pyhelpers.errors import ProtostarError
    from pyhelpers.library import keeping
    from pyhelpers.library.request import parse

    request = parse(json.loads(request_file.read_text(encoding="utf-8")))
    folder = Path(request.folder)
    keeping.begin(folder, f"{request.build['job']} {request.build['number']}")
    try:
        code = _one_after_another(request, folder)
    except ProtostarError as problem:
        keeping.refused(folder, problem)
        raise
    click.get_current_context().exit(code)


def _one_after_another(request: Request, folder: Path) -> int:
    """Until one fails; its exit code."""
    from pyhelpers.library import keeping
    from pyhelpers.library.running import typed

    for command in _commands(request):
        console.say(f"$ {typed(command)}")
        if request.settings["dryRun"]:
            keeping.stand_in(folder, command.name)
            continue
        outcome = _carried_out(command, request)
        _say(outcome)
        keeping.keep(folder, outcome, request)
        if outcome.exit_code:
            return outcome.exit_code
    return 0


def _commands(request: Request) -> Sequence[Command]:
    from pyhelpers.library.request import commands

    hosts = _hosts_with_stack(request) if request.action == "sync" and request.service else ()
    made = commands(request, hosts)
    if not made:
        console.say("Nothing to do: no host of the service has a configuration to sync")
    return made


def _hosts_with_stack(request: Request) -> list[str]:
    from pyhelpers.config.options import load_config
    from pyhelpers.errors import WrongUsage

    config = load_config(Path(request.infra) / "protostar.yml")
    if request.service not in config.services:
        known = ", ".join(sorted(config.services))
        raise WrongUsage(
            error=f"there is no service `{request.service}` in protostar.yml",
            try_=f"one of: {known}",
        )
    names = request.settings["hosts"] or config.services[request.service].host_names
    return [name for name in names if config.hosts[name].stack]


def _carried_out(command: Command, request: Request) -> Outcome:
    from pyhelpers.library import running
    from pyhelpers.library.request import who

    env = {**os.environ, "PROTOSTAR_WHO": who(request.build)}
    outcome = running.until_unlocked(
        lambda: running.run(command, Path(request.infra), env), request.lock_wait_s, console.say
    )
    return _verified(outcome, request) if command.name == "verify" else outcome


def _verified(outcome: Outcome, request: Request) -> Outcome:
    """What was deployed has to be what serves now."""
    from dataclasses import replace

    from pyhelpers.errors import Exit
    from pyhelpers.library import keeping
    from pyhelpers.library.outcome import unverified

    deployed = keeping.last(Path(request.folder), "deploy")
    wrong = (
        unverified(deployed.result, outcome.result) if deployed and not outcome.exit_code else ""
    )
    if not wrong:
        return outcome
    served = {"error": wrong, "state": "the deploy itself had ended well", "try": outcome.typed}
    return replace(outcome, exit_code=int(Exit.FAILED_AFTER_SWITCH), result=served)


def _say(outcome: Outcome) -> None:
    """Jenkins writes the three lines at the end of the log; what is more than that stands here."""
    from pyhelpers.library.outcome import lines, more, trouble

    if outcome.exit_code:
        for line in more(trouble(outcome)):
            console.note(line)
    else:
        for line in lines(outcome):
            console.say(line)


@group.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; exit code 4 when a file is not current."
)
def write(*, check: bool) -> None:
    """Write what is generated of the library in this checkout: help, reference, version, digest.

    \b
    Examples:
      protostar library write
      protostar library write --check
    """
    from pyhelpers.errors import PreflightError
    from pyhelpers.library.files import outdated

    found = outdated(Path())
    if check and found:
        raise PreflightError(
            error=f"not current: {', '.join(found)}", try_="protostar library write"
        )
    for name, text in found.items():
        Path(name).write_text(text, encoding="utf-8")
        console.say(f"Wrote {name}")
    if not found:
        console.say("Everything is current: nothing to do")


@group.command()
def digest() -> None:
    """Print the digest of the package that runs here: what a library is pinned to.

    \b
    Example:
      protostar library digest
    """
    from pyhelpers.library import bootstrap

    console.say(bootstrap.digest_of(bootstrap.in_folder(Path(__file__).parents[1])))
