"""What the commands of the room share: the group, the options, the way to a site."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pyhelpers import console
from pyhelpers.config.options import load_config
from pyhelpers.errors import WrongUsage
from pyhelpers.hosts.cli import host_of, who

if TYPE_CHECKING:
    from pyhelpers.config.model import Config
    from pyhelpers.sync.model import Allowed, Target
    from pyhelpers.sync.pipeline import Site

json_option = click.option("--json", "json_wanted", is_flag=True, help="One object on stdout.")
force_option = click.option(
    "--force", is_flag=True, help="Also with an older commit than the host has."
)
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Undo what was edited by hand there; a copy is kept."
)


def complete_hosts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """For shell completion: the hosts that have a stack."""
    try:
        hosts = load_config(ctx.params.get("file") or Path("protostar.yml")).hosts
    except Exception:  # noqa: BLE001 - a completion must not break the user's prompt
        return []
    return [name for name, host in hosts.items() if host.stack and name.startswith(incomplete)]


host_argument = click.argument("host", shell_complete=complete_hosts)


@click.group(name="sync", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Bring a server its own configuration, whole or not at all.

    \b
    Examples:
      protostar sync plan a5        what would be done
      protostar sync apply a5       do it; again: nothing to do
      protostar sync diff a5        what is other here than there, secrets masked
      protostar sync drift a5       what somebody changed there by hand
      protostar sync rollback a5    the configuration before, no name needed
    \b
    Exit codes: 0 done or nothing to do · 1 unexpected · 2 usage · 3 configuration ·
    4 preflight, drift or unreachable · 5 locked by another · 6 failed, nothing was changed ·
    7 failed after the change, says what serves · 130 interrupted
    """


def open_site(file: Path, name: str) -> tuple[Config, Site]:
    from pyhelpers.sync.pipeline import Site
    from pyhelpers.sync.stack import project_of

    config = load_config(file)
    if name not in config.hosts:
        raise WrongUsage(
            error=f"there is no host `{name}` in protostar.yml",
            try_=f"one of: {', '.join(sorted(config.hosts))}",
        )
    folder = file.resolve().parent
    return config, Site(host_of(config, name), project_of(config, name), folder, who(), time)


def wanted(config: Config, site: Site) -> Target:
    from pyhelpers.sync.checkout import commit_of, is_dirty
    from pyhelpers.sync.stack import target_of

    commit = commit_of(site.folder)
    if commit and is_dirty(site.folder):
        console.warn(f"{site.folder} has changes that are not in commit {commit[:12]}")
    return target_of(config, site.folder, site.host.name, os.environ, commit)


def allowed(*, force: bool = False, drift: bool = False) -> Allowed:
    from pyhelpers.sync.model import Allowed

    return Allowed(force=force, drift=drift, in_pipeline="JENKINS_URL" in os.environ)
