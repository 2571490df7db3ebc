"""The options of `protostar build`, gathered into values."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from pyhelpers.build.model import Cache, Wanted
from pyhelpers.config.options import complete_services

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        callback=lambda _ctx, _param, value: Cache(value),
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


def gathering(
    name: str, kind: type[Wanted | Shown], options: Sequence[Callable[..., Any]]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The command gets these options as one value."""
    names = [each.name for each in dataclasses.fields(kind)]

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def gathered(**named: Any) -> None:  # noqa: ANN401 - whatever click parsed
            told = {each: named.pop(each) for each in names}
            command(**named, **{name: kind(**told)})

        return functools.reduce(lambda inner, option: option(inner), reversed(options), gathered)

    return decorated


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """How it is told. `steps`: with `json_wanted`, the steps on stderr."""

    json_wanted: bool
    steps: bool
    verbose: bool
    dry_run: bool


SHOWN = (
    click.option("-v", "--verbose", is_flag=True, help="Show every line that the build writes."),
    click.option("--dry-run", is_flag=True, help="Print the commands, and run none of them."),
    click.option("--json", "json_wanted", is_flag=True, help="One object on stdout."),
    click.option("--steps", is_flag=True, hidden=True, help="With --json: the steps on stderr."),
)
