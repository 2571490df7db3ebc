"""What is generated of the library in a checkout: help, reference, version and digest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyhelpers
from pyhelpers.library import bootstrap, reference

if TYPE_CHECKING:
    from pathlib import Path

RESOURCES = "resources/org/protostar"
TABLE = f"{RESOURCES}/steps.json"


def read_table(checkout: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((checkout / TABLE).read_text(encoding="utf-8"))
    return table


def generated(checkout: Path) -> dict[str, str]:
    """Path in the checkout → what it should hold."""
    table, package = read_table(checkout), checkout / bootstrap.PACKAGE
    helps = {f"vars/{step.name}.txt": reference.help_html(step) for step in reference.steps(table)}
    return {
        **helps,
        f"{RESOURCES}/bootstrap.py": (package / "library" / "bootstrap.py").read_text("utf-8"),
        f"{RESOURCES}/library.json": _library(package),
        "README.md": _placed(checkout, "README.md", reference.overview(table)),
        "docs/jenkins.md": _placed(checkout, "docs/jenkins.md", reference.reference(table)),
    }


def _library(package: Path) -> str:
    digest = bootstrap.digest_of(bootstrap.in_folder(package))
    told = {"version": pyhelpers.__version__, bootstrap.PACKAGE: digest}
    return json.dumps(told, indent=2) + "\n"


def _placed(checkout: Path, name: str, text: str) -> str:
    return reference.placed((checkout / name).read_text(encoding="utf-8"), "steps", text)


def outdated(checkout: Path) -> dict[str, str]:
    """Of what is generated, what the checkout holds otherwise."""
    return {
        name: text
        for name, text in generated(checkout).items()
        if not (checkout / name).exists() or (checkout / name).read_text(encoding="utf-8") != text
    }
