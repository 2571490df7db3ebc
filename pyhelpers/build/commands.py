"""What is typed, as token lists. Nothing here runs anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.build.model import Cache
from pyhelpers.build.names import CACHE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import PurePosixPath

    from pyhelpers.build.model import Builder, Wanted

# `--keep-storage` got another name in it.
MAX_USED_SPACE_SINCE = (0, 17, 0)
# An image has a row for each of its names, the newest image first. Of what a container here runs
# the name stays: docker refuses, and that is right.
OLD_IMAGES = (
    "docker image ls --no-trunc --filter \"label=$1\" --format '{{.ID}} {{.Repository}}:{{.Tag}}' "
    '| awk -v keep="$3" -v ours="$2:" \'!($1 in seen) {seen[$1]; n++} '
    "n > keep && index($2, ours) == 1 {print $2}' | xargs -r docker image rm >/dev/null || true"
)


def build(
    wanted: Wanted,
    builder: Builder,
    references: Iterable[str],
    labels: Iterable[str],
    *,
    pushes: bool,
) -> tuple[str, ...]:
    """The one command that builds and pushes. Secrets are named in it, and never stand in it."""
    argv = ["docker", "buildx", "build", "--builder", builder.name, "--progress", "rawjson"]
    argv += ["--file", str(wanted.recipe), *_each("--tag", references), *_each("--label", labels)]
    argv += _each("--target", [wanted.target] if wanted.target else [])
    argv += _each("--platform", [wanted.platform] if wanted.platform else [])
    argv += _each("--build-arg", wanted.build_args)
    argv += _each("--secret", wanted.secrets)
    argv += ["--pull"] if wanted.pull else []
    argv += _cache(wanted, builder, next(iter(references)), pushes=pushes)
    argv += _attestations(wanted, builder, pushes=pushes)
    argv += ["--push"] if pushes else ["--load"]
    return (*argv, str(wanted.context))


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [token for value in values for token in (option, value)]


def _cache(wanted: Wanted, builder: Builder, reference: str, *, pushes: bool) -> Iterator[str]:
    if wanted.cache is Cache.NONE:
        yield "--no-cache"
    elif not builder.full:
        return  # it is in the engine, and used without being asked for
    elif wanted.cache_folder is not None and wanted.cache is Cache.LOCAL:
        yield from ("--cache-from", f"type=local,src={wanted.cache_folder}")
        yield from ("--cache-to", f"type=local,dest={beside(wanted.cache_folder)},mode=max")
    elif pushes:
        ref = f"type=registry,ref={reference.rpartition(':')[0]}:{CACHE_TAG}"
        yield from ("--cache-from", ref)
        # A registry that does not take the cache is no reason to fail an image that is built.
        yield from ("--cache-to", f"{ref},mode=max,image-manifest=true,ignore-error=true")


def beside(folder: PurePosixPath) -> PurePosixPath:
    """Where a new cache is written: into the old one it would only ever be added."""
    return folder.with_name(f"{folder.name}.new")


def _attestations(wanted: Wanted, builder: Builder, *, pushes: bool) -> Iterator[str]:
    if not builder.full:
        return
    if not pushes and not builder.is_the_engines:
        yield from ("--provenance", "false")  # an engine that loads an image takes none with it
        return
    # Not mode=max: that shows the build arguments.
    yield from ("--provenance", "mode=min")
    if wanted.sbom:
        yield from ("--sbom", "true")


def reporting(argv: Sequence[str], file: PurePosixPath) -> tuple[str, ...]:
    """The same build, that writes down which digest came of it."""
    return (*argv[:3], "--metadata-file", str(file), *argv[3:])


def prune_builder(builder: Builder, limit_mb: int) -> tuple[str, ...]:
    """Only ever of a builder of our own: in the engine's own the cache is everybody's."""
    new = builder.buildx >= MAX_USED_SPACE_SINCE
    option = "--max-used-space" if new else "--keep-storage"
    argv = ("docker", "buildx", "prune", "--builder", builder.name, "--force")
    return (*argv, option, f"{limit_mb}MB")


def prune_images(label: str, repository: str, keep: int) -> tuple[str, ...]:
    """Names of ours beyond the newest `keep` images; what else has a name stays."""
    return ("sh", "-c", OLD_IMAGES, "prune", label, repository, str(keep))


def image_id(reference: str) -> tuple[str, ...]:
    return ("docker", "image", "inspect", "--format", "{{.Id}}", reference)
