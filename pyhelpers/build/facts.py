"""What is there: the checkout, and who builds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyhelpers.build.model import Builder, Source
from pyhelpers.build.names import without_password
from pyhelpers.build.plan import OWN_BUILDER
from pyhelpers.errors import PreflightError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyhelpers.build.model import Wanted
    from pyhelpers.build.process import Ended, Runs
    from pyhelpers.config.model import Config

ASK_S = 30.0
CONTAINERD = "io.containerd.snapshotter"


def read_source(run: Runs, wanted: Wanted, digest_file: Path | None) -> Source:
    """`digest_file`: we write it, so it says nothing about what is built."""
    folder = Path(wanted.context)
    ignores = _ignore_file(wanted)
    there = Source(has_recipe=Path(wanted.recipe).is_file(), has_ignores=ignores is not None)
    head = _git(run, folder, "rev-parse", "--verify", "HEAD")
    if not head.ok:
        return replace(there, problem=_last_line(head.out))
    changed = _changed(run, folder, digest_file)
    return replace(
        there,
        revision=head.out.strip(),
        committed_at=_told(_git(run, folder, "show", "--no-patch", "--format=%cI", "HEAD")),
        origin=without_password(_told(_git(run, folder, "remote", "get-url", "origin"))),
        changed=tuple(sorted(_sent(changed, ignores))),
    )


def _git(run: Runs, folder: Path, *arguments: str) -> Ended:
    return run(["git", "-C", str(folder), *arguments], deadline_s=ASK_S)


def _told(ended: Ended) -> str:
    return ended.out.strip() if ended.ok else ""


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def _ignore_file(wanted: Wanted) -> Path | None:
    """One beside the Dockerfile comes first, as BuildKit has it."""
    own = Path(f"{wanted.recipe}.dockerignore")
    found = [each for each in (own, Path(wanted.context) / ".dockerignore") if each.is_file()]
    return found[0] if found else None


def _changed(run: Runs, folder: Path, digest_file: Path | None) -> set[str]:
    """Relative to the folder, every file by itself."""
    told = _git(run, folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    top = Path(_git(run, folder, "rev-parse", "--show-toplevel").out.strip())
    ours = digest_file.resolve() if digest_file else None
    # A name that was renamed away stands alone; it is no file any more.
    files = [top / entry[3:] for entry in told.out.split("\0") if entry[2:3] == " "]
    here = folder.resolve()
    return {str(each.relative_to(here)) for each in files if each != ours and here in each.parents}


def _sent(changed: Iterable[str], ignores: Path | None) -> list[str]:
    """Those that reach the builder: what .dockerignore keeps out changes no image."""
    if ignores is None:
        return list(changed)
    from docker.utils.build import PatternMatcher  # noqa: PLC0415 - 0.15 s, and seldom needed

    lines = (line.strip() for line in ignores.read_text(encoding="utf-8").splitlines())
    matcher = PatternMatcher([line for line in lines if line and not line.startswith("#")])
    # Its stub wants a path; it splits a text.
    return [each for each in changed if not matcher.matches(each)]  # type: ignore[arg-type]


def read_builder(run: Runs, wanted: Wanted, config: Config) -> Builder:
    """Raises `Unreachable` when no engine answers, `PreflightError` without such a builder."""
    version = run(["docker", "buildx", "version"], deadline_s=ASK_S)
    if not version.ok:
        raise PreflightError(error="docker has no buildx plug-in here", try_="script/setup")
    fields = _fields(_inspected(run, wanted, config))
    # Without an engine the default builder has a name, and nothing else.
    driver = fields.get("Driver") or "docker"
    full = driver != "docker" or CONTAINERD in _engine(run)
    return Builder(fields.get("Name", ""), driver, full, _version(version.out))


def _inspected(run: Runs, wanted: Wanted, config: Config) -> str:
    """The builder that was asked for; else ours, if there is one; else the selected one."""
    named = wanted.builder or f"{OWN_BUILDER}{config.project}"
    found = run(["docker", "buildx", "inspect", named], deadline_s=ASK_S)
    if not found.ok and not wanted.builder:
        found = run(["docker", "buildx", "inspect"], deadline_s=ASK_S)
    if not found.ok:
        raise PreflightError(
            error=f"there is no builder {named}: {_last_line(found.out)}", try_="docker buildx ls"
        )
    return found.out


def _fields(text: str) -> dict[str, str]:
    """Of the builder and its first node; the first of a name counts."""
    found: dict[str, str] = {}
    for key, value in re.findall(r"^([A-Z]\w*): +(\S.*)$", text, re.MULTILINE):
        found.setdefault(key, value.strip())
    return found


def _engine(run: Runs) -> str:
    """Which store of images it has."""
    told = run(["docker", "info", "--format", "{{json .DriverStatus}}"], deadline_s=ASK_S)
    if not told.ok or not told.out.strip().startswith("[["):
        raise Unreachable(
            error=f"no Docker engine answers here: {_last_line(told.out)}", try_="docker version"
        )
    return " ".join(value for _, value in json.loads(told.out))


def _version(text: str) -> tuple[int, int, int]:
    found = re.search(r"v?(\d+)\.(\d+)\.(\d+)", text)
    major, minor, patch = map(int, found.groups()) if found else (0, 0, 0)
    return major, minor, patch
