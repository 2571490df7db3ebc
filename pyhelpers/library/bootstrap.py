"""Finds the pyhelpers that a library was released with, and has it carry out a step's request.

`python3 bootstrap.py request.json` on an agent, before anything of ours is known to be there: so it
is one file of the standard library alone, and a copy of it travels with the library. Library and
package are one commit: they are never mixed, whatever branch name led to either.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = "pyhelpers"
COMMITS_AT_MOST = 500
GIT_S = 60.0
PREFLIGHT = 4
ERROR, DESCRIPTION = "error.txt", "description.html"


def digest_of(files: Mapping[str, bytes]) -> str:
    """One digest of names and contents, the same for a checkout, an installed package, a commit."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()


def in_folder(package: Path) -> dict[str, bytes]:
    """Without the bytecode that Python leaves in it."""
    return {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def in_commit(checkout: Path, commit: str) -> dict[str, bytes]:
    packed = _git(checkout, "archive", "--format=tar", commit, PACKAGE)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        members = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {
            name.removeprefix(f"{PACKAGE}/"): file.read() for name, file in members.items() if file
        }


def find(wanted: str, folder: Path, infra: Path) -> Path | None:
    """What to put in PYTHONPATH; None where there is no such package.

    The agent image's own is looked at first, then the infra checkout, then its history.
    """
    kept = folder / f"{PACKAGE}-{wanted[:12]}"
    for place in _places(kept, infra):
        if digest_of(in_folder(place / PACKAGE)) == wanted:
            return place
    for commit in _commits(infra):
        files = in_commit(infra, commit)
        if digest_of(files) == wanted:
            return _unpacked(files, kept)
    return None


def _places(kept: Path, infra: Path) -> Iterator[Path]:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parents[1]
    yield from (infra, kept)


def _commits(checkout: Path) -> list[str]:
    """Those that changed the package, the latest first. Not a checkout of git: none."""
    if not (checkout / ".git").exists():
        return []
    words = ("log", "--all", "--format=%H", f"--max-count={COMMITS_AT_MOST}", "--", PACKAGE)
    return _git(checkout, *words).decode().split()


def _git(checkout: Path, *words: str) -> bytes:
    argv = ["git", "-C", str(checkout), *words]
    return subprocess.run(argv, capture_output=True, check=True, timeout=GIT_S).stdout


def _unpacked(files: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def refusal(library: Mapping[str, str], infra: Path) -> str:
    return (
        f"no {PACKAGE} of the library's {library['version']} here: neither the agent's own "
        f"nor any commit of {infra} has the digest {library[PACKAGE][:12]}\n"
        "State: nothing was changed\n"
        "Try: build the agent's image from the commit of the library, or pin the library to the "
        "release that the image was built from\n"
    )


def main(request_file: str) -> None:
    """Becomes `python -m pyhelpers.library run`, or leaves what is wrong in error.txt."""
    request: dict[str, Any] = json.loads(Path(request_file).read_text(encoding="utf-8"))
    folder, infra, library = Path(request["folder"]), Path(request["infra"]), request["library"]
    for word_of_an_earlier_command in (ERROR, DESCRIPTION):
        (folder / word_of_an_earlier_command).unlink(missing_ok=True)
    place = find(library[PACKAGE], folder, infra)
    if place is None:
        (folder / ERROR).write_text(refusal(library, infra), encoding="utf-8")
        sys.exit(PREFLIGHT)
    # -P: the infra checkout, where commands run, has a folder of that name too.
    words = [sys.executable, "-P", "-m", f"{PACKAGE}.library", "run", request_file]
    os.execve(sys.executable, words, {**os.environ, "PYTHONPATH": str(place)})  # noqa: S606 - argv


if __name__ == "__main__":
    main(sys.argv[1])
