"""The command `protostar`: its groups are the rooms. Composes; decides nothing.

A group is imported when it is asked for: `--help` must answer at once.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from pyhelpers import __version__, console
from pyhelpers.errors import Exit, Interrupted, ProtostarError

if TYPE_CHECKING:
    from collections.abc import Mapping

# A command's imports make objects by the hundred thousand, and no garbage.
GC_AFTER_OBJECTS = 50_000

GROUPS: Mapping[str, tuple[str, str]] = {
    "deploy": ("pyhelpers.deploy.cli", "Replace a running service so that nobody notices."),
    "config": ("pyhelpers.config.cli", "Check and show protostar.yml."),
    "build": ("pyhelpers.build.cli", "An image out of a checkout, and into the registry."),
    "sync": ("pyhelpers.sync.cli", "Configuration of the servers."),
    "backup": ("pyhelpers.backup.cli", "Keep data elsewhere, and prove that it comes back."),
    "certs": ("pyhelpers.certs.cli", "Certificates by ACME, renewed in time."),
    "jobs": ("pyhelpers.jobs.cli", "Jenkins's jobs as code."),
    "library": ("pyhelpers.library.cli", "The Jenkins library: its steps on an agent."),
}


class Rooms(click.Group):
    """Loads a room's commands only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*GROUPS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in GROUPS:
            return super().get_command(ctx, cmd_name)
        return load_group(cmd_name)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in GROUPS.items()] + own)


def load_group(name: str) -> click.Command:
    group: click.Command = importlib.import_module(GROUPS[name][0]).group
    return group


@click.group(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="protostar")
def protostar() -> None:
    """Deploys on plain Docker that no user notices.

    \b
    Examples:
      protostar deploy plan api v2       what would be done
      protostar deploy run api v2        do it
      protostar build api v2             an image out of the checkout here
      protostar deploy rollback api      back to the last good release
      protostar config check             is protostar.yml right?
    """


@protostar.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of your shell.

    \b
    Example:
      protostar completion bash > /etc/bash_completion.d/protostar
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is not None:
        console.say(kind(protostar, {}, "protostar", "_PROTOSTAR_COMPLETE").source())


def main() -> None:
    run(protostar, "protostar")


def run_group(name: str) -> None:
    """`python -m pyhelpers.<name>`."""
    run(load_group(name), f"python -m pyhelpers.{name}")


def run(command: click.Command, name: str) -> None:
    """Run, and turn what goes wrong into the documented exit codes."""
    # Looking for it after each 700 of them takes 0.04 s of every command (measured).
    gc.set_threshold(GC_AFTER_OBJECTS)
    try:
        _run(command, name)
    finally:
        # At its end the interpreter would look through all objects for garbage: 0.06 s (measured).
        gc.freeze()


def _run(command: click.Command, name: str) -> None:
    try:
        code = command.main(prog_name=name, standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(Exit.USAGE)
    except Exception as wrong:  # noqa: BLE001 - every command ends here, the unexpected too
        problem = _problem(wrong)
    else:
        sys.exit(code or 0)
    console.fail(problem, json_wanted="--json" in sys.argv)
    sys.exit(problem.exit_code)


def _problem(wrong: Exception) -> ProtostarError:
    """What a person is told. With PROTOSTAR_DEBUG the unexpected is raised instead."""
    if isinstance(wrong, ProtostarError):
        return wrong
    # click takes an EOFError, wherever it comes from, for a person's end of input.
    if isinstance(wrong, click.exceptions.Abort) and not isinstance(wrong.__cause__, EOFError):
        return Interrupted(error="interrupted", state="nothing was changed")
    if "PROTOSTAR_DEBUG" in os.environ:
        raise wrong
    cause = wrong.__cause__ if isinstance(wrong, click.exceptions.Abort) else wrong
    return ProtostarError(
        error=f"unexpected: {type(cause).__name__}: {cause}",
        state="unknown; `protostar deploy status` reads it from the host",
        try_="the same command with PROTOSTAR_DEBUG=1, for the traceback",
    )
