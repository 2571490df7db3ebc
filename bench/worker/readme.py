"""`python -m bench.worker.readme`: write the last figures into bench/worker/README.md.

As bench/readme.py does for the others, in the environment that these benches run in.
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

from bench.readme import FOLDER, table

README = Path(__file__).with_name("README.md")
BLOCK = re.compile(r"(<!-- figures worker-(\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def current(text: str) -> str:
    return BLOCK.sub(_block, text)


def _block(match: re.Match[str]) -> str:
    figures = importlib.import_module(f"bench.worker.{match[2]}").FIGURES
    found = json.loads((FOLDER / f"worker-{match[2]}.json").read_text(encoding="utf-8"))
    return match[1] + "\n" + "\n".join(table(figures, found)) + "\n\n" + match[3]


if __name__ == "__main__":
    README.write_text(current(README.read_text(encoding="utf-8")), encoding="utf-8")
