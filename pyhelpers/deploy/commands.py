"""What is typed on a host, as token lists. Nothing here runs anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from pyhelpers.deploy.model import Colour, Release

# Holds the service's work lock, shared, while the command runs: the next guard waits for it.
# Only for the guard whose token stands in the owner file: a deployer that lost its guard is
# refused instead of working beside its successor.
FENCED_OUT = "protostar: this guard is not in office any more"
FENCE = (
    f'head -n1 "$2" | grep -qxF "token=$1" || {{ echo "{FENCED_OUT}" >&2; exit 75; }}; '
    'shift 2; exec "$@"'
)


def guard(
    root: PurePosixPath, script: PurePosixPath, service: str, token: str, who: str, deaf_s: int
) -> list[str]:
    return ["bash", str(script), str(root), service, token, who, str(deaf_s)]


def fenced(
    root: PurePosixPath, service: str, token: str, argv: Sequence[str], deadline_s: float
) -> list[str]:
    """`argv` under the work lock and this guard's token, ended after `deadline_s` for certain."""
    room = root / "guard" / service
    bounded = ["timeout", "--kill-after=5", f"{deadline_s:g}", *argv]
    lock = ["flock", "--shared", str(room / "work")]
    return [*lock, "sh", "-c", FENCE, "fence", token, str(room / "owner"), *bounded]


def project(service: str, colour: Colour) -> str:
    return f"{service}-{colour}"


def image_tag(service: str, release: str) -> str:
    """The local name that keeps a release's image from being pruned by others."""
    return f"protostar-release/{service}:{release}"


def release_folder(root: PurePosixPath, service: str, release: str) -> PurePosixPath:
    return root / "releases" / service / release


def compose(
    root: PurePosixPath, service: str, release: Release, colour: Colour, *arguments: str
) -> list[str]:
    """A Compose command on the release's own folder, for one colour's project."""
    folder = release_folder(root, service, release.id)
    variables = [f"PROTOSTAR_COLOUR={colour}", f"PROTOSTAR_RELEASE={release.id}"]
    files = ["-f", str(folder / "compose.yml"), "-f", str(folder / "override.yml")]
    where = ["--project-directory", str(folder), "-p", project(service, colour)]
    return [
        "env",
        *variables,
        "docker",
        "compose",
        "--progress",
        "plain",
        *where,
        *files,
        *arguments,
    ]


def up(
    root: PurePosixPath, service: str, release: Release, colour: Colour, replicas: int, key: str
) -> list[str]:
    """`--no-deps`: or Compose would recreate what the service depends on, the live colour too."""
    options = [
        "--detach",
        "--no-deps",
        "--no-build",
        "--force-recreate",
        "--scale",
        f"{key}={replicas}",
    ]
    return compose(root, service, release, colour, "up", *options, key)


def hook_container(service: str, release: str, number: int) -> str:
    return f"{service}-before-switch-{release}-{number}"


def hook(  # noqa: PLR0913 - what a Compose command on one release needs, and the hook
    root: PurePosixPath,
    service: str,
    release: Release,
    colour: Colour,
    key: str,
    number: int,
    argv: Sequence[str],
) -> list[str]:
    """A one-off container of the new release, started and waited for; prints its exit status.

    It stays: its name says that the hook has run. Nothing is printed before its end, so a deployer
    that has died cannot take the waiting, and with it the work lock, along.
    """
    name = hook_container(service, release.id, number)
    options = ["--detach", "--no-deps", "--no-TTY", "--name", name]
    start = compose(root, service, release, colour, "run", *options, key, *argv)
    return ["sh", "-c", '"$@" >/dev/null && exec docker wait "$0"', name, *start]


def pull(image: str) -> list[str]:
    return ["docker", "pull", image]


def tag(image: str, service: str, release: str) -> list[str]:
    return ["docker", "tag", image, image_tag(service, release)]


def remove_containers(names: Sequence[str]) -> list[str]:
    return ["docker", "rm", "--volumes", *names]


def wait_for(container: str) -> list[str]:
    return ["docker", "wait", container]


def compose_version() -> list[str]:
    """In a shell, which says by its status that there is no docker."""
    return ["sh", "-c", "docker compose version --short"]


def machine_facts(docker_root: str, root: PurePosixPath) -> list[str]:
    """One shell for what the engine's API does not tell: three lines, `key value`.

    `root` may not be there yet: then the disk of the nearest folder above it counts.
    """
    script = (
        'echo disk "$(df -PB1 "$1" | awk "NR==2{print \\$4}")"; '
        'p=$2; while [ ! -e "$p" ]; do p=$(dirname "$p"); done; '
        'echo root "$(df -PB1 "$p" | awk "NR==2{print \\$4}")"; '
        'echo memory_kib "$(awk "/^MemAvailable/{print \\$2}" /proc/meminfo)"'
    )
    return ["sh", "-c", script, "facts", docker_root, str(root)]
