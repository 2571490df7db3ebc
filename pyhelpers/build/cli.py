"""`protostar build`: the command. Composes the room; decides nothing."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from pyhelpers.build.model import Cache, Wanted
from pyhelpers.config.options import complete_services, config_option

if TYPE_CHECKING:
    from collections.abc import Callable

_folder = click.Path(path_type=PurePosixPath, file_okay=False)
_file = click.Path(path_type=PurePosixPath, dir_okay=False)

OPTIONS = (
    click.argument("service", shell_complete=complete_services),
    click.argument("version", default=""),
    click.option(
        *("-C", "--context"),
        type=_folder,
        default=".",
        show_default=True,
        help="The folder that is built: a git checkout, or a folder in one.",
    ),
    click.option("--dockerfile", type=_file, help="Default: Dockerfile in that folder."),
    click.option("--target", default="", help="The stage of the Dockerfile; default: the last."),
    click.option(
        *("--build-arg", "build_args"),
        multiple=True,
        metavar="NAME[=VALUE]",
        help="May be repeated. No secret: it can be read in the image.",
    ),
    click.option(
        *("--secret", "secrets"),
        multiple=True,
        metavar="id=NAME[,src=FILE|,env=VAR]",
        help="For RUN --mount=type=secret. May be repeated.",
    ),
    click.option("--platform", default="", help="As in linux/arm64; default: the builder's own."),
    click.option(
        "--builder",
        default="",
        envvar="BUILDX_BUILDER",
        show_envvar=True,
        help="Default: protostar-PROJECT if there is one, else the engine's own.",
    ),
    click.option(
        "--registry",
        default="",
        metavar="HOST:PORT",
        envvar="PROTOSTAR_BUILD_REGISTRY",
        show_envvar=True,
        help="Where the builder reaches the registry; default: as protostar.yml says.",
    ),
    click.option("--push/--no-push", default=True, help="Push, where there is a registry."),
    click.option(
        "--cache",
        type=click.Choice([each.value for each in Cache]),
        default=Cache.AUTO.value,
        show_default=True,
        help="none: build everything anew.",
    ),
    click.option("--cache-folder", type=_folder, help="For --cache local, and then needed."),
    click.option(
        "--cache-limit-mb",
        type=click.IntRange(min=1),
        default=Wanted.__dataclass_fields__["cache_limit_mb"].default,
        show_default=True,
        help="What our own cache may take; more is removed afterwards.",
    ),
    click.option("--pull", is_flag=True, help="Look for newer base images."),
    click.option("--sbom", is_flag=True, help="List what is in it, where the builder can."),
    click.option("--allow-dirty", is_flag=True, help="Also what is in no commit."),
)


def wanted_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command gets them as `wanted`."""
    names = [each.name for each in dataclasses.fields(Wanted)]

    @functools.wraps(command)
    def gathered(**named: Any) -> None:  # noqa: ANN401 - whatever click parsed
        told = {name: named.pop(name) for name in names}
        command(**named, wanted=Wanted(**told | {"cache": Cache(told["cache"])}))

    return functools.reduce(lambda inner, option: option(inner), reversed(OPTIONS), gathered)


@click.command(name="build", context_settings={"help_option_names": ["-h", "--help"]})
@wanted_options
@click.option(
    "--digest-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write there what `protostar deploy run SERVICE` takes: the version with its digest.",
)
@click.option(
    "--timeout-s",
    type=click.FloatRange(min=1),
    default=3600.0,
    show_default=True,
    help="For the build and the push together.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show every line that the build writes.")
@click.option("--dry-run", is_flag=True, help="Print the commands, and run none of them.")
@config_option
@click.option("--json", "json_wanted", is_flag=True, help="One object on stdout.")
@click.option("--steps", is_flag=True, hidden=True, help="With --json: the steps on stderr.")
def group(wanted: Wanted, **told: Any) -> None:  # noqa: ANN401 - handed on by name
    """Build SERVICE's image out of a checkout, and push it.

    It is tagged VERSION (left out: only the commit, as 12 digits) and with the commit, and
    labelled with where it comes from. What no commit holds is refused, or marked -dirty.

    \b
    Examples:
      protostar build api v2
      protostar build api v2 --digest-file image && protostar deploy run api "$(cat image)"
      protostar build api -C ../backend --dry-run       what would be typed
      protostar build api --no-push                     into the engine here
      protostar build api --secret id=npm,src=.npmrc    never a build argument
    \b
    Exit codes: 0 done · 1 unexpected · 2 usage · 3 configuration ·
    4 refused or unreachable, nothing was built · 6 the build or the push failed ·
    130 interrupted
    """
    raise NotImplementedError
