"""What `run` and `rollback` have in common: their options, gathered into one value."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from pyhelpers.config.options import config_option
from pyhelpers.deploy.cli.shared import hosts_option, json_option

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """`steps`: between us and a process of our own for one host."""

    file: Path
    hosts: tuple[str, ...]
    only_failed: bool
    json_wanted: bool
    detach: bool
    steps: bool

    @property
    def again(self) -> str:
        """What goes on after a failure, on no other hosts than these."""
        return " ".join(["--only-failed", *(f"--host {host}" for host in self.hosts)])


no_registry_option = click.option(
    "--no-registry",
    is_flag=True,
    help="Ask no registry: the layers that a host lacks are sent from this machine's engine.",
)

OPTIONS = (
    hosts_option,
    click.option(
        "--only-failed", is_flag=True, help="Only on those of its hosts that do not serve it yet."
    ),
    config_option,
    json_option,
    click.option(
        "--detach", is_flag=True, help="Return after the commit; the host drains and stops alone."
    ),
    click.option("--steps", is_flag=True, hidden=True, help="With --json: the steps on stderr."),
)


def deploy_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command gets them as `options`."""
    names = [each.name for each in dataclasses.fields(Options)]

    @functools.wraps(command)
    def gathered(**named: Any) -> None:  # noqa: ANN401 - whatever click parsed
        options = Options(**{name: named.pop(name) for name in names})
        command(**named, options=options)

    return functools.reduce(lambda inner, option: option(inner), reversed(OPTIONS), gathered)
