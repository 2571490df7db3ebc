"""A YAML syntax error in the words of someone who has to mend the file. Pure.

libyaml's own words are kept where they help. Nothing of the line is shown: it may hold a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyhelpers.config.problems import Problem

if TYPE_CHECKING:
    import yaml

_TAB = "a tab; YAML indents with spaces only"
_BRACES = 'inside { } and [ ] a ${NAME} needs quotes: "${NAME}"'
_WORDS = (
    ("found character", "this character cannot begin a value; put the value in quotes"),
    ("mapping values are not allowed", "`: ` cannot stand here; check the indentation, or quote"),
    ("found unexpected end of stream", "a quote is opened and never closed"),
    ("found undefined tag handle", "tags (!) are not read; quote the value if it is text"),
    ("did not find expected ',' or", "a bracket is not closed, or a comma is missing"),
    ("expected ',' or", "a bracket is not closed, or a comma is missing"),
    ("could not find expected ':'", "a key without its `: `"),
    ("did not find expected key", "a key should stand here; check the indentation"),
    ("did not find expected '-'", "a `- ` should stand here; check the indentation"),
    ("expected <block end>", "does not fit what is above it; check the indentation"),
    ("found unknown escape", r"a \ in double quotes begins an escape; write \\ or single quotes"),
)


def syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    """Where it is, and what to look for there."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(0, 0, (), "is not YAML")
    problem = str(getattr(error, "problem", None) or "is not YAML")
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    return Problem(mark.line + 1, mark.column + 1, (), _words(problem, line, mark.column))


def _words(problem: str, line: str, column: int) -> str:
    if "expected ',' or" in problem and line[column - 1 : column + 1] == "${":
        return _BRACES
    if problem.startswith("found character") and line[column : column + 1] == "\t":
        return _TAB
    for start, words in _WORDS:
        if problem.startswith(start):
            return words
    # The pure parser quotes characters and names out of the file; those go.
    return "is not YAML: " + re.sub(r"'[^']*'", "…", problem)
