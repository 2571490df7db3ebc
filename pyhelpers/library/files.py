"""What is generated of the library in a checkout: help, reference, version and digest."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pyhelpers
from pyhelpers.library import bootstrap, reference

if TYPE_CHECKING:
    from pathlib import Path

RESOURCES = "resources/org/protostar"
TABLE = f"{RESOURCES}/steps.json"
# Where the version of this release stands among other words: as the library's tag, as that of the
# agent's image, which carries the same package.
VERSIONED = (
    "README.md",
    "compose/centre/centre.example.env",
    "compose/centre/jenkins.yml",
    "compose/centre/jenkins/casc/jenkins.yaml",
    "docker/jenkins-agent/Dockerfile",
    "docs/jenkins-centre.md",
    "docs/jenkins.md",
    "examples/app/Jenkinsfile",
    "script/images",
)
_VERSION = re.compile(
    r"(protostar@|protostar/jenkins-agent:|LIBRARY_VERSION(?::-|=)|git tag |git push origin )"
    r"\d+\.\d+\.\d+"
)


def read_table(checkout: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((checkout / TABLE).read_text(encoding="utf-8"))
    return table


def generated(checkout: Path) -> dict[str, str]:
    """Path in the checkout → what it should hold."""
    table, package = read_table(checkout), checkout / bootstrap.PACKAGE
    helps = {f"vars/{step.name}.txt": reference.help_html(step) for step in reference.steps(table)}
    texts = {name: (checkout / name).read_text(encoding="utf-8") for name in VERSIONED}
    texts["README.md"] = _placed(texts["README.md"], reference.overview(table))
    texts["docs/jenkins.md"] = _placed(texts["docs/jenkins.md"], reference.reference(table))
    return {
        **helps,
        **{name: versioned(text, pyhelpers.__version__) for name, text in texts.items()},
        f"{RESOURCES}/bootstrap.py": (package / "library" / "bootstrap.py").read_text("utf-8"),
        f"{RESOURCES}/library.json": _library(package),
    }


def _library(package: Path) -> str:
    digest = bootstrap.digest_of(bootstrap.in_folder(package))
    told = {"version": pyhelpers.__version__, bootstrap.PACKAGE: digest}
    return json.dumps(told, indent=2) + "\n"


def _placed(document: str, text: str) -> str:
    return reference.placed(document, "steps", text)


def versioned(text: str, version: str) -> str:
    """`text` with that version wherever it names this release's library or agent."""
    return _VERSION.sub(rf"\g<1>{version}", text)


def outdated(checkout: Path) -> dict[str, str]:
    """Of what is generated, what the checkout holds otherwise."""
    return {
        name: text
        for name, text in generated(checkout).items()
        if not (checkout / name).exists() or (checkout / name).read_text(encoding="utf-8") != text
    }
