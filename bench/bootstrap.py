"""docs/bootstrap.md, read: its list of commands, and its protostar.yml. Pure but for reading it."""

from __future__ import annotations

import re
import shlex

from bench.engine import CHECKOUT

PAGE = CHECKOUT / "docs" / "bootstrap.md"
LIST, CONFIG, NOT_HERE = "list", "protostar.yml", "without what is pulled"
_BLOCK = re.compile(r"<!-- bootstrap: ([^\n]+) -->\n\n```(?:sh|yaml)\n(.*?)```", re.DOTALL)


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def blocks(text: str) -> list[tuple[str, str]]:
    """What each one is, and what stands in it, in the page's order."""
    return [(found[1], found[2]) for found in _BLOCK.finditer(text)]


def configuration(text: str) -> str:
    return next(body for kind, body in blocks(text) if kind == CONFIG)


def commands(text: str, *, pulled: bool) -> list[str]:
    """A line each, as a person types them. `pulled`: registries are in reach."""
    wanted = {LIST} if pulled else {LIST, NOT_HERE}
    return [
        line for kind, body in blocks(text) if kind in wanted for line in body.splitlines() if line
    ]


def script(lines: list[str]) -> str:
    """One shell for all of them, for some set variables. The first that fails ends it."""
    shown = (f"printf '%s\\n' {shlex.quote(f'$ {line}')}\n{line}" for line in lines)
    return "\n".join(["set -euo pipefail", *shown, ""])
