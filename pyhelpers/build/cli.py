"""`protostar build`: the command. Composes the room; decides nothing."""

from __future__ import annotations

import dataclasses
import functools
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from pyhelpers import console
from pyhelpers.build.model import Cache, Wanted
from pyhelpers.config.options import complete_services, config_option, load_config
from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyhelpers.build.model import Built, Plan
    from pyhelpers.config.model import Config

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


@click.command(name="build", context_settings={"help_option_names": ["-h", "--help"]})
@gathering("wanted", Wanted, OPTIONS)
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
@config_option
@gathering("shown", Shown, SHOWN)
def group(
    wanted: Wanted, digest_file: Path | None, timeout_s: float, file: Path, shown: Shown
) -> None:
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
    plan = _planned(wanted, load_config(file), digest_file)
    if shown.dry_run:
        _show(plan, shown)
        return
    # Whole, of this build, or not there: an earlier one's must not be deployed in its place.
    if digest_file is not None:
        with _writing(digest_file):
            digest_file.unlink(missing_ok=True)
    built = _built(plan, wanted, timeout_s, shown)
    if digest_file is not None:
        with _writing(digest_file):
            _put(digest_file.absolute(), f"{built.version}\n")
    _tell(built, shown)


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise ConfigurationError(
            error=f"{file} cannot be written: {problem.strerror}", try_="another --digest-file"
        ) from None


def _put(file: Path, text: str) -> None:
    from pyhelpers.hosts.local import LocalHost

    LocalHost("here", PurePosixPath(file.parent)).put(PurePosixPath(file), text.encode())


def _planned(wanted: Wanted, config: Config, digest_file: Path | None) -> Plan:
    from pyhelpers.build.facts import read_builder, read_source
    from pyhelpers.build.plan import plan_of, refuse_usage
    from pyhelpers.build.process import run

    refuse_usage(wanted, config)
    source = read_source(run, wanted, digest_file)
    return plan_of(config, wanted, source, read_builder(run, wanted, config))


def _show(plan: Plan, shown: Shown) -> None:
    from pyhelpers.build import report

    if shown.json_wanted:
        console.as_json(report.plan_as_dict(plan))
        return
    console.announce(report.headline(plan), plan.warnings)
    for line in report.commands(plan):
        console.say(line)


def _built(plan: Plan, wanted: Wanted, timeout_s: float, shown: Shown) -> Built:
    from pyhelpers.build import report
    from pyhelpers.build.execute import Execution
    from pyhelpers.build.process import run

    view = console.steps_view(json_wanted=shown.json_wanted, steps_too=shown.steps)
    view.announce(report.headline(plan), plan.warnings)
    limit_mb = wanted.cache_limit_mb
    execution = Execution(run, view, deadline_s=timeout_s, limit_mb=limit_mb, verbose=shown.verbose)
    try:
        return execution.execute(plan)
    finally:
        view.close()


def _tell(built: Built, shown: Shown) -> None:
    from pyhelpers.build import report

    if shown.json_wanted:
        console.as_json(report.built_as_dict(built))
        return
    for warning in built.warnings[len(built.plan.warnings) :]:
        console.warn(warning)
    for line in report.last_lines(built):
        console.say(line)
