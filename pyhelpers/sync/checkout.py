"""The infra checkout's commit, and how it stands to the one that a host has."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GIT_S = 20.0


def commit_of(folder: Path) -> str:
    """Empty where there is no git, or no commit yet."""
    return _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")


def is_dirty(folder: Path) -> bool:
    """Whether what is sent may not be what the commit says."""
    return bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))


def relation(folder: Path, here: str, there: str) -> str:
    """Of `here` to `there`: same, newer, older, apart; unknown when it cannot be told.

    Empty when the host has none yet, so that nothing stands against it.
    """
    if not there or here == there:
        return "same" if there else ""
    if not here or not _git(folder, "rev-parse", "--verify", "--quiet", f"{there}^{{commit}}"):
        return "unknown"
    base = _git(folder, "merge-base", here, there)
    if base == there:
        return "newer"
    return "older" if base == here else "apart"


def _git(folder: Path, *arguments: str) -> str:
    argv = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=GIT_S)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
