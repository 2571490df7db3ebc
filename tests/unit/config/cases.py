"""The bad files of tests/cases/config, and the text that each of them stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CASES = Path(__file__).parents[2] / "cases" / "config"

# tests/cases/config/README.md shows these lines: the first of a case is line 9.
HEAD = """\
project: shop
hosts:
  a5: { local: true }
services:
  api:
    host: a5
    compose: api.yml
    image: shop/api
"""


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    lines: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)


def read_cases() -> Iterator[Case]:
    for file in sorted(CASES.glob("*.yml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield _case(f"{file.stem}: {entry['name']}", entry)


def _case(name: str, entry: Mapping[str, Any]) -> Case:
    unknown = set(entry) - {"name", "text", "service", "also", "environ", "lines"}
    if unknown:
        raise ValueError(f"{name}: {unknown}")
    text = (
        entry["text"] if "text" in entry else service_text(entry["service"], entry.get("also", ""))
    )
    return Case(name, text, entry["lines"], entry.get("environ", {}))


def service_text(lines: str, also: str = "") -> str:
    """A file that is right but for `lines` of its service, and `also` after it."""
    port = "" if "port:" in lines else "    port: 3000\n"
    body = indent(lines.rstrip("\n") + "\n", "    ") if lines else ""
    return HEAD + body + port + (also.rstrip("\n") + "\n" if also else "")
