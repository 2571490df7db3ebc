"""`python -m bench.readme FILE...`: write the last figures into documents.

Between `<!-- figures NAME -->` and `<!-- end of figures -->` stands a table made from
bench/figures/NAME.json; `<!-- figures NAME: KEY KEY -->` takes only these keys. Those of a worker's
bench are bench.worker.readme's affair. A test keeps the documents current, so no figure in them
comes from anywhere else.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.output import module_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.output import Figure, Value

FOLDER = Path(__file__).parent / "figures"
# A figure that is newer than the last run, or a bench that had no whole run so far.
NOT_YET = "not measured yet"
BLOCK = re.compile(
    r"(?P<open><!-- figures (?P<name>(?!worker-)[\w-]+)(?:: (?P<keys>[\w ]+))? -->\n).*?"
    r"(?P<close><!-- end of figures -->)",
    re.DOTALL,
)


def main() -> int:
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(current(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def current(text: str, folder: Path = FOLDER) -> str:
    """The document with the tables of today's files."""
    return BLOCK.sub(lambda match: _block(match, folder), text)


def _block(match: re.Match[str], folder: Path) -> str:
    figures: Sequence[Figure] = importlib.import_module(module_of(match["name"])).FIGURES
    keys = (match["keys"] or " ".join(figure.key for figure in figures)).split()
    path = folder / f"{match['name']}.json"
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        lines = "\n".join(table([figure for figure in figures if figure.key in keys], found))
    else:
        lines = f"{NOT_YET.capitalize()}: `script/bench {match['name']}`."
    return f"{match['open']}\n{lines}\n\n{match['close']}"


def table(figures: Sequence[Figure], found: Mapping[str, Value]) -> Iterator[str]:
    """Markdown: a row a figure, then where and when."""
    yield "| figure | value | wanted | what it is |"
    yield "|---|---|---|---|"
    for figure in figures:
        value = found.get(figure.key, NOT_YET)
        missed = "" if value is NOT_YET or figure.reached(found) else " **missed**"
        cells = (f"`{figure.key}`", f"{value}", figure.wanted + missed, figure.what)
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"{found['machine']}; {found['date']}."


if __name__ == "__main__":
    sys.exit(main())
