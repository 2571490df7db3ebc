"""The steps' one table as help and as reference. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    required: bool
    about: Mapping[str, Any]

    @property
    def default(self) -> str:
        """As Groovy writes it."""
        if self.required:
            return "required"
        value = self.about.get("default")
        if isinstance(value, str):
            return repr(value)
        return {"List": "[]", "Map": "[:]"}.get(self.about["type"], _bare(value))

    @property
    def help(self) -> str:
        """With what else is to be known of it."""
        choices = self.about.get("choices")
        variable = self.about.get("environment")
        return " ".join(
            (
                self.about["help"],
                *([f"One of {', '.join(choices)}."] if choices else []),
                *([f"Else the environment's {variable}."] if variable else []),
            )
        )


def _bare(value: object) -> str:
    return "null" if value is None else str(value).lower()


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    summary: str
    details: Sequence[str]
    example: str
    arguments: Sequence[Argument]


def steps(table: Mapping[str, Any]) -> list[Step]:
    return [_step(name, about, table) for name, about in table["steps"].items()]


def _step(name: str, about: Mapping[str, Any], table: Mapping[str, Any]) -> Step:
    names = (*about["requires"], *about["takes"], *table["everywhere"])
    arguments = [
        Argument(each, each in about["requires"], table["arguments"][each]) for each in names
    ]
    return Step(name, about["summary"], about["details"], about["example"], arguments)


def help_html(step: Step) -> str:
    """vars/NAME.txt: what Jenkins shows under Global Variables Reference."""
    rows = "".join(
        f"  <dt><code>{each.name}</code> ({each.about['type']}, {escape(each.default)})</dt>\n"
        f"  <dd>{escape(each.help, quote=False)}</dd>\n"
        for each in step.arguments
    )
    return (
        "<!-- Generated from resources/org/protostar/steps.json by `protostar library write`. -->\n"
        + "".join(f"<p>{_wrapped(text)}</p>\n" for text in (step.summary, *step.details))
        + f"<pre>{escape(step.example, quote=False)}</pre>\n<dl>\n{rows}</dl>\n"
    )


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(escape(text, quote=False), WIDTH))


def overview(table: Mapping[str, Any]) -> str:
    """The README's: a line for each step."""
    rows = "".join(f"| `{step.example}` | {step.summary} |\n" for step in steps(table))
    return f"| step | what it does |\n|---|---|\n{rows}"


def reference(table: Mapping[str, Any]) -> str:
    """All arguments: a step's own, then those of every step once."""
    parts = [_section(step, table) for step in steps(table)]
    common = steps(table)[0].arguments[-len(table["everywhere"]) :]
    return "\n".join((*parts, f"### Every step\n\n{_table(common)}"))


def _section(step: Step, table: Mapping[str, Any]) -> str:
    own = [each for each in step.arguments if each.name not in table["everywhere"]]
    text = "\n\n".join(_plain(each) for each in (step.summary, *step.details))
    return f"### {step.name}\n\n{text}\n\n```groovy\n{step.example}\n```\n\n{_table(own)}"


def _plain(text: str) -> str:
    return "\n".join(textwrap.wrap(text, WIDTH))


def _table(arguments: Sequence[Argument]) -> str:
    rows = "".join(
        f"| `{each.name}` | {each.about['type']} | `{each.default}` | {each.help} |\n"
        for each in arguments
    )
    return f"| argument | type | default | what it is |\n|---|---|---|---|\n{rows}"


def placed(document: str, name: str, text: str) -> str:
    """`document` with `text` between its marks of that name. Raises ValueError without marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = document.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"no {begin} … {end}")
    return f"{before}{begin}\n\n{text}\n{end}{after}"
