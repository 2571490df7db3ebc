"""Two configurations side by side, secrets masked. Pure."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pyhelpers.config.secret import MASK
from pyhelpers.sync import env_file
from pyhelpers.sync.compose import OVERRIDE
from pyhelpers.sync.digest import NGINX_DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.sync.model import File, Files

# What follows from the other files: it would only say again that they changed.
DERIVED = (OVERRIDE, f"nginx/{NGINX_DIGEST}")


def lines(old: Files, new: Files) -> list[str]:
    """As `diff --unified` writes it; of what may be a secret only names, and that it changed."""
    names = sorted((old.keys() | new.keys()) - set(DERIVED))
    return [line for name in names for line in _of_one(name, old.get(name), new.get(name))]


def _of_one(name: str, old: File | None, new: File | None) -> Iterator[str]:
    if old == new:
        return
    before, after = (_text(name, file) for file in (old, new))
    if env_file.is_env(name):
        before, after = _masked(before, after), _masked(after, before)
        after = _marked(after, old, new)
    told = list(
        difflib.unified_diff(
            before.splitlines(),
            after.splitlines(),
            f"{name} (host)" if old else "/dev/null",
            name if new else "/dev/null",
            lineterm="",
        )
    )
    yield from told or [f"--- {name} (host)", f"+++ {name}", f" {_mode_words(old, new)}"]


def _text(name: str, file: File | None) -> str:
    if file is None:
        return ""
    if env_file.is_secret(name) and not env_file.is_env(name):
        return f"{MASK} {len(file.data)} bytes\n"
    try:
        return file.data.decode()
    except UnicodeDecodeError:
        return f"{len(file.data)} bytes that are no text\n"


def _masked(text: str, other: str) -> str:
    """Every value of an env file is taken for a secret; a comment may hold an old one."""
    theirs = env_file.values(other)
    return "".join(f"{_line(line, theirs)}\n" for line in text.splitlines())


def _line(line: str, theirs: dict[str, str]) -> str:
    found = env_file.values(line)
    if not found:
        return f"# {MASK}" if line.strip() else ""
    ((name, value),) = found.items()
    changed = name in theirs and theirs[name] != value
    return f"{name}={MASK}{' (another value)' if changed else ''}"


def _marked(after: str, old: File | None, new: File | None) -> str:
    """A change that the mask hides is a change all the same."""
    return after.replace(" (another value)", " (the new value)") if old and new else after


def _mode_words(old: File | None, new: File | None) -> str:
    if old and new and old.mode != new.mode:
        return f"mode {old.mode:o} → {new.mode:o}"
    return "changed where it is masked"
