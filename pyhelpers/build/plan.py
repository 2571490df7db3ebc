"""What is wanted and what is there → what will be done, or why not. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.build import commands, names
from pyhelpers.build.model import Cache, Command, Plan
from pyhelpers.config.lookup import service_of
from pyhelpers.errors import PreflightError, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.build.model import Builder, Source, Wanted
    from pyhelpers.config.model import Config

OWN_BUILDER = "protostar-"
RAWJSON_SINCE = (0, 13, 0)
SHOWN_FILES = 5


def refuse_usage(wanted: Wanted, config: Config) -> None:
    """What can be said before anything is asked. Raises `WrongUsage`."""
    service_of(config, wanted.service)
    if wanted.version and not names.TAG.fullmatch(wanted.version):
        raise WrongUsage(
            error=f"`{wanted.version}` cannot be a tag: letters, digits, _ . - and at most 128",
            try_=f"protostar build {wanted.service} v2",
        )
    if (wanted.cache is Cache.LOCAL) != (wanted.cache_folder is not None):
        raise WrongUsage(
            error="--cache local and --cache-folder go together",
            try_="--cache local --cache-folder ~/.cache/protostar-build",
        )


def plan_of(config: Config, wanted: Wanted, source: Source, builder: Builder) -> Plan:
    """Raises `PreflightError` with everything that stands in the way."""
    _refuse(wanted, source, builder)
    pushes = names.is_pushed(wanted, config)
    repository = names.repository(wanted, config)
    tags = names.tags(wanted, source)
    references = tuple(f"{repository}:{tag}" for tag in tags)
    return Plan(
        wanted.service,
        references,
        source,
        builder,
        pushes,
        tuple(_steps(config, wanted, source, builder, references)),
        tuple(_warnings(wanted, source, builder)),
        f"{tags[0]}@" if pushes else "",
        wanted.cache_folder if builder.full else None,
    )


def _refuse(wanted: Wanted, source: Source, builder: Builder) -> None:
    found = list(_obstacles(wanted, source, builder))
    if found:
        words, tries = zip(*found, strict=True)
        raise PreflightError(error="\n".join(words), try_=tries[0])


def _obstacles(wanted: Wanted, source: Source, builder: Builder) -> Iterator[tuple[str, str]]:
    """What stands in the way, and what settles it."""
    allow = "the same with --allow-dirty"
    if not source.has_recipe:
        yield f"there is no {wanted.recipe}", "--context, or --dockerfile"
    if not source.revision and not wanted.allow_dirty:
        words = f"{wanted.context} is in no commit of git, so nobody could tell what was built"
        yield f"{words}{_because(source.problem)}", allow
    elif not names.tags(wanted, source):
        yield "without a commit the image needs a VERSION", f"protostar build {wanted.service} v1"
    if source.changed and not wanted.allow_dirty:
        yield f"not in a commit: {_some(source.changed)}", f"git stash -u, or {allow}"
    if builder.buildx < RAWJSON_SINCE:
        there, needed = (".".join(map(str, each)) for each in (builder.buildx, RAWJSON_SINCE))
        yield f"buildx is {there}, and {needed} or newer is needed", "script/setup"


def _because(problem: str) -> str:
    return f" ({problem})" if problem else ""


def _some(files: tuple[str, ...]) -> str:
    more = f" and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    return ", ".join(files[:SHOWN_FILES]) + more


def _steps(
    config: Config, wanted: Wanted, source: Source, builder: Builder, references: tuple[str, ...]
) -> Iterator[Command]:
    pushes = names.is_pushed(wanted, config)
    labels = tuple(names.labels(wanted, config, source))
    what = f"{wanted.context} {'→' if pushes else 'into the engine:'} {references[0]}"
    yield Command("build", what, commands.build(wanted, builder, references, labels, pushes=pushes))
    if wanted.cache_folder is not None and builder.full:
        yield Command("keep cache", f"{wanted.cache_folder}, at most {wanted.cache_limit_mb} MB")
    if builder.name.startswith(OWN_BUILDER) and not builder.is_the_engines:
        argv = commands.prune_builder(builder, wanted.cache_limit_mb)
        yield Command("prune", f"{builder.name} to {wanted.cache_limit_mb} MB of cache", argv)
    if builder.is_the_engines and pushes:
        # What was pushed is here only so that the next build is quick.
        keep = config.services[wanted.service].keep_releases
        repository, label = names.repository(wanted, config), names.own_label(wanted, config)
        argv = commands.prune_images(label, repository, keep)
        yield Command("prune", f"our images of {wanted.service} here, beyond {keep}", argv)


def _warnings(wanted: Wanted, source: Source, builder: Builder) -> Iterator[str]:
    if not source.has_ignores:
        yield (
            f"{wanted.context} has no .dockerignore: all of it goes to the builder, .git and files "
            "with secrets too, and any change in it builds every COPY anew"
        )
    if source.changed:
        yield f"built with what is in no commit: {_some(source.changed)}"
    if builder.full:
        return
    own = f"the builder {builder.name} is the engine's own"
    if wanted.cache in (Cache.REGISTRY, Cache.LOCAL):
        yield f"{own}: its cache stays in the engine, none is written to the {wanted.cache}"
    if wanted.sbom:
        yield f"{own}, without containerd's image store: it lists no contents (no SBOM)"
