"""The documents tell the truth: every command in them exists, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from pyhelpers.cli import protostar

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path.relative_to(CHECKOUT)
    for path in CHECKOUT.rglob("*.md")
    if not any(
        part.startswith(".") or part == "node_modules" for part in path.relative_to(CHECKOUT).parts
    )
)
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def _typed(text: str) -> list[str]:
    """Commands of ours in code blocks and in code spans, comments cut off."""
    blocks = re.findall(r"```(?:sh|console)?\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", text)
    cut = (line.split("  #")[0].removeprefix("$ ").strip() for line in [*lines, *spans])
    return sorted({c for c in cut if re.match(r"(\.venv/bin/)?protostar \w", c)})


def _scripts(text: str) -> list[str]:
    return sorted(set(re.findall(r"\bscript/[a-z-]+", text)))


# Those that are followed line by line.
FOLLOWED = ("README.md", "docs/build.md", "docs/jenkins-centre.md")
COMMANDS = sorted({c for name in FOLLOWED for c in _typed((CHECKOUT / name).read_text("utf-8"))})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_documents_is_understood(command: str) -> None:
    words = shlex.split(command)[1:]
    current: click.Command = protostar
    # With the root's own settings: a command remembers the help option of its first context.
    context = click.Context(current, **protostar.context_settings)
    while isinstance(current, click.Group) and words:
        found = current.get_command(context, words.pop(0))
        assert found is not None, f"`{command}` does not exist"
        current = found
    current.make_context("protostar", words, parent=context)


@pytest.mark.parametrize("script", _scripts(README))
def test_every_script_of_the_readme_explains_itself(script: str) -> None:
    done = subprocess.run(
        [CHECKOUT / script, "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert script in done.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_to_a_file(document: Path) -> None:
    text = (CHECKOUT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    missing = [link for link in links if not (CHECKOUT / document.parent / link).exists()]
    assert not missing


def test_every_command_stands_in_the_readme() -> None:
    context = click.Context(protostar)
    group = protostar.get_command(context, "deploy")
    assert isinstance(group, click.Group)
    missing = [name for name in group.commands if f"protostar deploy {name}" not in README]
    assert not missing
